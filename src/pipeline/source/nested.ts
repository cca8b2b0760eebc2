import { isJsonObject, type Json } from '../../core/json.ts';

/**
 * Finds the keys that dotted names lead along, from a mapping to a value in it. A key may hold dots itself: of two readings
 * the one with the longer first key is meant.
 *
 * @param value - where to start
 * @param names - what stands between the dots
 * @returns keys; undefined where there is no such value
 */
export function keysTo(value: unknown, names: readonly string[]): readonly string[] | undefined {
  if (names.length === 0) return [];
  if (!isJsonObject(value)) return undefined;
  for (let length = names.length; length > 0; length--) {
    const key = names.slice(0, length).join('.');
    const rest = Object.hasOwn(value, key) ? keysTo(value[key], names.slice(length)) : undefined;
    if (rest) return [key, ...rest];
  }
  return undefined;
}

/**
 * The value at the end of keys that {@link keysTo} has found.
 *
 * @param value - where to start
 * @param keys - which way to go
 * @returns the value; undefined where there is none
 */
export function valueAt(value: Json, keys: readonly string[]): Json | undefined {
  let here: Json | undefined = value;
  for (const key of keys) here = isJsonObject(here) && Object.hasOwn(here, key) ? here[key] : undefined;
  return here;
}

/**
 * Puts a value into a mapping.
 *
 * @param value - the mapping; what is none is replaced by one
 * @param keys - which way to go
 * @param item - what to put there
 * @returns the changed copy
 */
export function withValueAt(value: Json, keys: readonly string[], item: Json): Json {
  const [key, ...rest] = keys;
  if (key === undefined) return item;
  const mapping = isJsonObject(value) ? value : {};
  const inner = Object.hasOwn(mapping, key) ? mapping[key] : undefined;
  return { ...mapping, [key]: withValueAt(inner ?? null, rest, item) };
}

/**
 * The dotted names of a value and of all that is in it.
 *
 * @param name - of the value
 * @param value - the value
 * @returns names, the outer before the inner
 */
export function namesWithin(name: string, value: Json): readonly string[] {
  if (!isJsonObject(value)) return [name];
  return [name, ...Object.entries(value).flatMap(([key, item]) => namesWithin(`${name}.${key}`, item))];
}
