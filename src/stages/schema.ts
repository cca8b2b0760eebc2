import type { JsonObject } from '../core/json.ts';
import type { Catalogue } from './catalogue.ts';
import type { ParamSchema, StageKind } from './stage-kind.ts';

/** Fills `x-registry` in with the registry's names, behind those that the schema names itself, at any depth. */
function fill(schema: unknown, names: Catalogue): unknown {
  if (Array.isArray(schema)) return schema.map((item) => fill(item, names));
  if (typeof schema !== 'object' || schema === null) return schema;
  const filled: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) filled[keyword] = fill(value, names);
  const { 'x-registry': registry, enum: own = [] } = schema as ParamSchema;
  if (registry !== undefined) filled['enum'] = [...own, ...Object.keys(names[registry] ?? {})];
  return filled;
}

/**
 * The JSON Schema of a kind's `with`: closed (`additionalProperties: false`), registries filled in.
 *
 * @param kind - the stage kind
 * @param names - the catalogue of registered names
 * @returns a JSON Schema object
 */
export function parameterSchema(kind: StageKind, names: Catalogue): JsonObject {
  return {
    type: 'object',
    properties: fill(kind.params, names) as JsonObject,
    required: kind.required,
    additionalProperties: false,
  };
}
