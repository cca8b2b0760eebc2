import { isJsonObject, isList } from '../core/json.ts';
import { CellReference, ReferenceText, type Value } from '../core/plan.ts';
import type { Catalogue } from './catalogue.ts';
import type { ParamSchema } from './stage-kind.ts';

/**
 * Other names of the entries of a registry. A synonym is only read: cells, keys and tables have the entry's own name.
 *
 * @param names - the catalogue
 * @param registry - e.g. `methods`
 * @returns the entry that is meant by each synonym
 */
export function synonymsIn(names: Catalogue, registry: string): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(names[registry] ?? {}).flatMap(([name, { synonyms }]) =>
      isList(synonyms)
        ? synonyms.flatMap((synonym) => (typeof synonym === 'string' ? [[synonym, name] as const] : []))
        : [],
    ),
  );
}

const isSchema = (value: unknown): value is ParamSchema => isJsonObject(value);
const asItIs = (value: Value): Value => value;

/**
 * Makes the reader of a parameter that puts an entry's own name in the place of a synonym, at any depth.
 *
 * @param schema - of the parameter
 * @param names - the catalogue
 * @returns gives the value that is meant; the very same one where it holds no synonym
 */
export function synonymReader(schema: ParamSchema, names: Catalogue): (value: Value) => Value {
  const { 'x-registry': registry, items, properties } = schema;
  if (registry !== undefined) {
    const synonyms = synonymsIn(names, registry);
    return synonyms.size === 0
      ? asItIs
      : (value) => (typeof value === 'string' ? (synonyms.get(value) ?? value) : value);
  }
  if (isSchema(items)) return itemReader(synonymReader(items, names));
  if (!isJsonObject(properties)) return asItIs;
  const readers = Object.entries(properties).flatMap(([name, own]) => {
    const reader = isSchema(own) ? synonymReader(own, names) : asItIs;
    return reader === asItIs ? [] : [[name, reader] as const];
  });
  return readers.length === 0 ? asItIs : fieldReader(readers);
}

function itemReader(reader: (value: Value) => Value): (value: Value) => Value {
  if (reader === asItIs) return asItIs;
  return (value) => (isList(value) ? value.map((item) => reader(item)) : value);
}

function fieldReader(readers: readonly (readonly [string, (value: Value) => Value])[]): (value: Value) => Value {
  return (value) => {
    if (!isJsonObject(value) || value instanceof CellReference || value instanceof ReferenceText) return value;
    const fields = value as Readonly<Record<string, Value>>;
    const changed = readers.flatMap(([name, reader]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return field === undefined ? [] : [[name, reader(field)] as const];
    });
    return { ...fields, ...Object.fromEntries(changed) };
  };
}
