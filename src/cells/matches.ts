import type { CellReference } from '../core/plan.ts';
import { carriedAxis, type FindCell, type PlannedCell } from './carry.ts';
import { follow } from './lookup.ts';
import { fits, parseSelector, type AxisCondition } from './selector.ts';

/** True when a text is the id of the reference's cell, or a selector that fits it. */
function namesCell(text: string, reference: CellReference, find: FindCell): boolean {
  if (text === reference.cell) return true;
  const parsed = parseSelector(text);
  const planned = find(reference.cell);
  if (parsed?.end !== text.length || planned?.cell.stage !== parsed.selector.stage) return false;
  return matches(planned, parsed.selector.conditions, find);
}

/**
 * Says whether conditions hold for the axes that a cell carries; `teacher.model` looks through a cell.
 *
 * @param planned - the cell
 * @param conditions - what a selector has in its brackets
 * @param find - gives the planned cells
 * @returns true when all conditions hold
 */
export function matches(planned: PlannedCell, conditions: readonly AxisCondition[], find: FindCell): boolean {
  return conditions.every((condition) => {
    const [axis = '', ...keys] = condition.axis.split('.');
    const start = carriedAxis(planned, axis);
    const value = start && follow(start.value, keys, find);
    return value !== undefined && fits(condition, value, (text, reference) => namesCell(text, reference, find));
  });
}
