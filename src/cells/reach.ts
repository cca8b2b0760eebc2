import { isJsonObject } from '../core/json.ts';
import { CellReference, type CellId, type Value, type ValueObject } from '../core/plan.ts';
import { carriedAxis, type PlannedCell } from './carry.ts';
import { fits, parseSelector, type AxisCondition } from './selector.ts';

/** Finds a planned cell by its id. */
export type FindCell = (id: CellId) => PlannedCell | undefined;

function through(reference: CellReference, key: string, find: FindCell): Value | undefined {
  const planned = find(reference.cell);
  if (!planned) return undefined;
  const { axes, params } = planned.cell;
  if (Object.hasOwn(axes, key)) return axes[key];
  if (Object.hasOwn(params, key)) return params[key];
  return carriedAxis(planned, key)?.value;
}

/**
 * Looks a key up through a value. Through a cell: its axes, its parameters, then what it inherited through its axes.
 *
 * @param value - where to start
 * @param keys - which way to go; none gives the value itself
 * @param find - gives the planned cells
 * @returns the value at the end; undefined when there is none
 */
export function reach(value: Value, keys: readonly string[], find: FindCell): Value | undefined {
  let here: Value | undefined = value;
  for (const key of keys) {
    if (here instanceof CellReference) here = through(here, key, find);
    else here = isJsonObject(here) && Object.hasOwn(here, key) ? (here as ValueObject)[key] : undefined;
    if (here === undefined) return undefined;
  }
  return here;
}

/** True when a text is the id of the reference's cell, or a selector that fits it. */
function names(text: string, reference: CellReference, find: FindCell): boolean {
  if (text === reference.cell) return true;
  const parsed = parseSelector(text);
  const planned = find(reference.cell);
  if (parsed?.end !== text.length || planned?.cell.stage !== parsed.selector.stage) return false;
  return agrees(planned, parsed.selector.conditions, find);
}

/**
 * Says whether a cell agrees with conditions on the axes that it carries; `teacher.model` looks through a cell.
 *
 * @param planned - the cell
 * @param conditions - what is asked; all must hold
 * @param find - gives the planned cells
 * @returns true when all conditions hold
 */
export function agrees(planned: PlannedCell, conditions: readonly AxisCondition[], find: FindCell): boolean {
  return conditions.every((wanted) => {
    const [axis = '', ...keys] = wanted.axis.split('.');
    const start = carriedAxis(planned, axis);
    const value = start && reach(start.value, keys, find);
    return value !== undefined && fits(wanted, value, (text, reference) => names(text, reference, find));
  });
}
