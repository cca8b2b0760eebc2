import type { JsonObject } from '../../src/core/json.ts';
import type { KdMethod } from '../../src/ml/methods/kd-method.ts';

/** Options of a method with its defaults, as the stage completes them. */
export const optionsOf = (method: KdMethod, given: JsonObject = {}): JsonObject => ({
  ...Object.fromEntries(
    Object.entries(method.options).flatMap(([key, schema]) =>
      'default' in schema ? [[key, schema['default'] as JsonObject]] : [],
    ),
  ),
  ...given,
});
