import type { Json, JsonObject } from '../core/json.ts';

/** Any value may be given by an expression instead. */
export const expression: JsonObject = {
  type: 'string',
  pattern: '\\$\\{',
  description: 'An expression: ${params.x}, ${env.NAME}, ${matrix.axis}, ${stages.id}.',
};

/** A schema whose value may be given by an expression. */
export const orExpression = (schema: JsonObject): JsonObject => ({ anyOf: [schema, expression] });

/** A text that is not empty. */
export const text = (description: string): JsonObject => ({ type: 'string', minLength: 1, description });

/** A list of such texts. */
export const texts = (description: string): JsonObject => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  minItems: 1,
  description,
});

/** A closed mapping. */
export const mapping = (description: string, properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  description,
  properties,
  required,
  additionalProperties: false,
});

/** A mapping with names of the user's choice. */
export const named = (description: string, values: Json): JsonObject => ({
  type: ['object', 'null'],
  description,
  additionalProperties: values,
});

/** A whole number of at least so much. */
export const count = (least: number): JsonObject => ({ type: 'integer', minimum: least });
