import { stringify } from 'yaml';

/**
 * Writes a pipeline as YAML.
 *
 * @param pipeline - its values
 * @returns the text of a pipeline file
 */
export function yamlOf(pipeline: unknown): string {
  return stringify(pipeline, { version: '1.2', schema: 'core', lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * Puts the keys of every mapping, at any depth, into another order; lists stay as they are.
 *
 * @param value - any value
 * @param draw - gives natural numbers, which choose the order
 * @returns an equal value with keys in another order
 */
export function shuffled(value: unknown, draw: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, draw));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => ({ key, item: shuffled(item, draw), rank: draw() }));
  return Object.fromEntries(entries.sort((a, b) => a.rank - b.rank).map(({ key, item }) => [key, item]));
}
