/** Advice for values and conditions that match nothing: which of those that are there were most likely meant. */
import { CellReference, type Value } from '../core/plan.ts';
import { formatList, nameAdvice, nearestNames } from '../util/text.ts';
import { carriedAxis, carriedNames, type FindCell, type PlannedCell } from './carry.ts';
import { axisText, valueToken } from './cell-id.ts';
import { follow } from './lookup.ts';
import { matches } from './matches.ts';
import type { AxisCondition } from './selector.ts';

/**
 * A value as people name it: a text without quotes, a cell by its id.
 *
 * @param value - any value
 * @returns its text
 */
export function plainText(value: Value): string {
  if (value instanceof CellReference) return value.cell;
  return typeof value === 'string' ? value : valueToken(value);
}

/**
 * A value as a pipeline file writes it.
 *
 * @param value - any value
 * @returns e.g. `SoftTarget`, `0.5` or `"${stages.teacher}"`
 */
export function inFile(value: Value): string {
  return value instanceof CellReference ? `"\${stages.${valueToken(value)}}"` : axisText(value, false);
}

/** How a selector writes a value. */
const inSelector = (value: Value): string => axisText(value, false);

/**
 * The advice for a value that none of the known ones equals: the nearest of them, or all when none is near and they are few.
 *
 * @param written - the value as written
 * @param known - values that would be right
 * @param write - how a value is written there; by default as in a pipeline file
 * @returns a sentence for `fix`; undefined when there is nothing to say
 */
export function valueAdvice(
  written: Value,
  known: Iterable<Value>,
  write: (value: Value) => string = inFile,
): string | undefined {
  const texts = new Map([...known].map((value) => [plainText(value), write(value)] as const));
  const wanted = plainText(written);
  const near = nearestNames(wanted, texts.keys());
  const same = near.filter((name) => name.toLowerCase() === wanted.toLowerCase());
  const meant = (same.length > 0 ? same : near).map((name) => texts.get(name) ?? name);
  if (meant.length > 0) return `did you mean ${formatList(meant)}?`;
  return texts.size > 0 ? `known: ${formatList([...texts.values()])}` : undefined;
}

/** Why conditions hold for no cell. */
export interface Mismatch {
  /** A clause: `none has kd_method=Softtarget`. */
  readonly reason: string;
  readonly fix?: string;
}

/** The values that cells have where a condition looks. */
function valuesAt(name: string, cells: readonly PlannedCell[], find: FindCell): readonly Value[] {
  const [axis = '', ...keys] = name.split('.');
  const values = new Map<string, Value>();
  for (const planned of cells) {
    const start = carriedAxis(planned, axis);
    const value = start && follow(start.value, keys, find);
    if (value !== undefined) values.set(valueToken(value), value);
  }
  return [...values.values()];
}

/**
 * Says why conditions hold for no cell: an axis that none carries, a value that none has, or values that never meet.
 *
 * @param conditions - what a selector has in its brackets
 * @param cells - the cells of the stage
 * @param find - gives the planned cells
 * @returns the reason; undefined where the conditions do hold for some cell
 */
export function mismatchOf(
  conditions: readonly AxisCondition[],
  cells: readonly PlannedCell[],
  find: FindCell,
): Mismatch | undefined {
  const wrong = conditions.find((condition) => !cells.some((planned) => matches(planned, [condition], find)));
  if (!wrong) {
    const isMet = cells.some((planned) => matches(planned, conditions, find));
    return isMet ? undefined : { reason: 'each of its values is there, but no cell has them together' };
  }
  const known = valuesAt(wrong.axis, cells, find);
  const advice =
    known.length > 0
      ? valueAdvice(wrong.text, known, inSelector)
      : nameAdvice(wrong.axis, new Set(cells.flatMap((planned) => carriedNames(planned))));
  const reason = known.length > 0 ? `none has ${wrong.axis}=${wrong.text}` : `none has an axis ${wrong.axis}`;
  return { reason, ...(advice === undefined ? {} : { fix: advice }) };
}
