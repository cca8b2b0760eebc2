import type { Json, JsonObject } from '../core/json.ts';

/**
 * Maps the values of a mapping and keeps its names, `__proto__` too, which a plain assignment would lose.
 *
 * @param values - any mapping
 * @param map - called with each value and its name
 * @returns a new mapping, names in the same order
 */
export function mapValues<T>(values: Readonly<Record<string, T>>, map: (value: T, name: string) => Json): JsonObject {
  const mapped: Record<string, Json> = {};
  for (const [name, value] of Object.entries(values)) {
    // An assignment is several times faster than Object.fromEntries; keys of 10,000 cells are made at every start.
    if (name === '__proto__') Object.defineProperty(mapped, name, { value: map(value, name), enumerable: true });
    else mapped[name] = map(value, name);
  }
  return mapped;
}
