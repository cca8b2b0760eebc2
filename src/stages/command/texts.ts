import { isList, type Json } from '../../core/json.ts';

/** Absolute path of an input by its name. */
export type PathOf = (input: string) => string;

/**
 * Writes a parameter out as texts: `{ "$input": name }` becomes the input's path, `{ "$text": [...] }` is joined, and
 * lists inside lists (from `[*]` references) are flattened.
 *
 * @param value - a parameter of the task
 * @param pathOf - where inputs stand
 * @returns the texts, in order
 */
export function textsOf(value: Json, pathOf: PathOf): readonly string[] {
  if (typeof value !== 'object' || value === null) return [String(value)];
  if (isList(value)) return value.flatMap((item) => textsOf(item, pathOf));
  const { $input: input, $text: parts } = value;
  if (typeof input === 'string') return [pathOf(input)];
  if (Array.isArray(parts)) return [textsOf(parts, pathOf).join('')];
  throw new Error(`no text stands for ${JSON.stringify(value)}`);
}
