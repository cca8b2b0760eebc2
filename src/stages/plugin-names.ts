import { isJsonObject, isList, type JsonObject } from '../core/json.ts';
import { CellReference, ReferenceText, type Value } from '../core/plan.ts';
import type { Catalogue } from './catalogue.ts';
import type { ParamSchema } from './stage-kind.ts';

/** What a catalogue says of a name that a plugin adds: the plugin's file, relative to the working folder or absolute. */
const PLUGIN = 'plugin';

/** In front of the names of sources of cells that are plugins. */
const PREFIX = 'plugins.';

/**
 * Names a plugin as the source of a cell.
 *
 * @param registry - of the entry that the cell's parameters name
 * @param name - of the entry
 * @returns the source's name
 */
export const pluginSource = (registry: string, name: string): string => `${PREFIX}${registry}.${name}`;

const isSchema = (value: unknown): value is ParamSchema => isJsonObject(value);

/**
 * Tells plugins from other sources.
 *
 * @param name - of a cell's source
 * @returns true for one that {@link pluginSources} has named
 */
export const isPluginSource = (name: string): boolean => name.startsWith(PREFIX);

/**
 * Adds what plugins say of themselves.
 *
 * @param names - a catalogue
 * @param added - registry → name → facts, of one plugin
 * @param path - of its file
 * @returns the catalogue with these names
 */
export function withPlugin(names: Catalogue, added: Catalogue, path: string): Catalogue {
  const all = Object.entries(added).map(([registry, entries]) => {
    const own = Object.entries(entries).map(([name, facts]): [string, JsonObject] => [
      name,
      { ...facts, [PLUGIN]: path },
    ]);
    return [registry, { ...names[registry], ...Object.fromEntries(own) }] as const;
  });
  return { ...names, ...Object.fromEntries(all) };
}

/** Names of registries in a value: pairs of registry and name. */
function* namesIn(schema: ParamSchema, value: Value): Generator<readonly [registry: string, name: string]> {
  const { 'x-registry': registry, items, properties } = schema;
  if (registry !== undefined && typeof value === 'string') yield [registry, value];
  if (isList(value) && isSchema(items)) for (const item of value) yield* namesIn(items, item);
  if (!isJsonObject(value) || value instanceof CellReference || value instanceof ReferenceText) return;
  if (!isJsonObject(properties)) return;
  const fields = value as Readonly<Record<string, Value>>;
  for (const [name, own] of Object.entries(properties))
    if (isSchema(own) && Object.hasOwn(fields, name)) yield* namesIn(own, fields[name] ?? null);
}

/**
 * Finds which plugins the parameters of cells name.
 *
 * @param names - the catalogue
 * @returns null where it has no plugins; else what gives, for a parameter's schema and value, sources by name, with their paths
 */
export function pluginSources(
  names: Catalogue,
): ((schema: ParamSchema, value: Value) => readonly (readonly [name: string, path: string])[]) | null {
  const paths = new Map<string, string>();
  for (const [registry, entries] of Object.entries(names))
    for (const [name, { [PLUGIN]: path }] of Object.entries(entries))
      if (typeof path === 'string') paths.set(pluginSource(registry, name), path);
  if (paths.size === 0) return null;
  return (schema, value) =>
    [...namesIn(schema, value)].flatMap(([registry, name]) => {
      const source = pluginSource(registry, name);
      const path = paths.get(source);
      return path === undefined ? [] : [[source, path] as const];
    });
}
