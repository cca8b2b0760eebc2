import { isJsonObject, type Json, type JsonObject } from './json.ts';

/**
 * Reads an answer that should be a mapping.
 *
 * @param text - as it came
 * @returns the mapping; undefined for all else
 */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A mapping within a mapping.
 *
 * @param value - where it is looked for
 * @param name - its name
 * @returns the mapping; undefined where there is none
 */
export function objectAt(value: JsonObject | undefined, name: string): JsonObject | undefined {
  const inner = value?.[name];
  return isJsonObject(inner) ? inner : undefined;
}

/**
 * A text within a mapping.
 *
 * @param value - where it is looked for
 * @param name - its name
 * @returns the text; an empty one where there is none
 */
export function textAt(value: JsonObject | undefined, name: string): string {
  const text = value?.[name];
  return typeof text === 'string' ? text : '';
}
