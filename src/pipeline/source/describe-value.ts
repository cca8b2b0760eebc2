import { CellReference, ReferenceText, type Value } from '../../core/plan.ts';

/**
 * Names what a value is, for messages.
 *
 * @param value - any value
 * @returns `a list`, `a mapping`, `nothing` or the value itself as JSON, cut when it is long
 */
export function describeValue(value: Value): string {
  if (value === null) return 'nothing';
  if (value instanceof CellReference) return `a reference to ${value.cell}`;
  if (value instanceof ReferenceText) return 'a text with a reference in it';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
