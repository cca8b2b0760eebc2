import type { Json } from '../core/json.ts';
import { CellReference, ReferenceText, type CellId, type Value } from '../core/plan.ts';
import type { FactorIndex } from './factors.ts';
import { lookUp, type CellIndex } from './lookup.ts';

/** Short names of referenced cells. */
export type CellLabels = ReadonlyMap<CellId, string>;

/** What a row is called under one name of `rows`. */
export interface RowLabel {
  readonly name: string;
  /** `none` where the row's cells have no such name. */
  readonly text: string;
  /** The value itself; a reference to a cell is the cell's id, and none is null. */
  readonly value: Json;
}

/** What a row shows where its cells have no such name. */
export const none = 'none';

/** A reference as text: the cell's id, and the output where one is named. */
const referenceText = ({ cell, output }: CellReference): string => (output === undefined ? cell : `${cell}.${output}`);

/**
 * Turns a value into JSON; a reference becomes the id of its cell (with the output, where one is named).
 *
 * @param value - a value of a plan; undefined is null
 * @returns the JSON value
 */
export function plainJson(value: Value | undefined): Json {
  if (value === undefined) return null;
  if (value instanceof CellReference) return referenceText(value);
  if (value instanceof ReferenceText) {
    return value.parts.map((part) => (typeof part === 'string' ? part : referenceText(part))).join('');
  }
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => plainJson(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainJson(item)]));
}

const isListOfCells = (value: Value | undefined): value is readonly CellReference[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => item instanceof CellReference);

/**
 * Writes a value as a table shows it; several cells (teachers) are joined by +.
 *
 * @param value - a value of a plan; undefined and null are `none`
 * @param labels - short names for referenced cells; a cell without one is shown by its id
 * @returns the text
 */
export function valueText(value: Value | undefined, labels: CellLabels = new Map()): string {
  if (value === undefined || value === null) return none;
  if (typeof value === 'string') return value;
  if (value instanceof CellReference) return labels.get(value.cell) ?? referenceText(value);
  if (isListOfCells(value)) return value.map((item) => valueText(item, labels)).join(' + ');
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map((item) => valueText(item, labels)).join(', ')}]`;
  const json = plainJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}

/**
 * A text that two values share exactly when they are the same value: 1 and "1" differ, as do a cell and its name.
 *
 * @param value - a value of a plan
 * @returns the identity; null and undefined are one
 */
export function identity(value: Value | undefined): string {
  const kind = value instanceof CellReference ? 'cell' : 'json';
  return `${kind} ${JSON.stringify(plainJson(value))}`;
}

/**
 * Chooses short names for the cells among a table's values: a cell is called after its model where no other cell among
 * them has that model but its own seeds, and else by its id.
 *
 * @param index - the plan's cells
 * @param values - all values that stand in one place of the table
 * @param factors - tells cells apart
 * @returns labels of the cells that have a short one
 */
export function cellLabels(
  index: CellIndex,
  values: readonly (Value | undefined)[],
  factors: FactorIndex,
): Map<CellId, string> {
  const models = new Map<CellId, string>();
  const sharing = new Map<string, Set<string>>();
  for (const value of values.flatMap((one): readonly (Value | undefined)[] => (isListOfCells(one) ? one : [one]))) {
    const cell = value instanceof CellReference ? index.get(value.cell) : undefined;
    const model = cell && lookUp(index, cell, 'model');
    if (!cell || typeof model !== 'string') continue;
    models.set(cell.id, model);
    sharing.set(model, (sharing.get(model) ?? new Set()).add(factors.token(new CellReference(cell.id))));
  }
  return new Map([...models].filter(([, model]) => sharing.get(model)?.size === 1));
}
