import type { JsonObject } from '../core/json.ts';
import type { Catalogue } from './catalogue.ts';
import { synonymsIn } from './registry-synonyms.ts';
import type { ParamSchema, StageKind } from './stage-kind.ts';

/** Gives the names that a registry's entries may be called by. */
type NamesOf = (registry: string) => readonly string[];

/** Fills `x-registry` in with the registry's names, behind those that the schema names itself, at any depth. */
function fill(schema: unknown, namesOf: NamesOf): unknown {
  if (Array.isArray(schema)) return schema.map((item) => fill(item, namesOf));
  if (typeof schema !== 'object' || schema === null) return schema;
  const filled: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) filled[keyword] = fill(value, namesOf);
  const { 'x-registry': registry, enum: own = [] } = schema as ParamSchema;
  if (registry !== undefined) filled['enum'] = [...own, ...namesOf(registry)];
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
    properties: fill(kind.params, (registry) => Object.keys(names[registry] ?? {})) as JsonObject,
    required: kind.required,
    additionalProperties: false,
  };
}

/**
 * The schemas of a kind's parameters as they may be written: with synonyms of registered names.
 *
 * @param kind - the stage kind
 * @param names - the catalogue of registered names
 * @returns JSON Schemas by parameter
 */
export function writtenSchemas(kind: StageKind, names: Catalogue): Readonly<Record<string, JsonObject>> {
  const namesOf: NamesOf = (registry) => [...Object.keys(names[registry] ?? {}), ...synonymsIn(names, registry).keys()];
  return fill(kind.params, namesOf) as Readonly<Record<string, JsonObject>>;
}
