/**
 * What a name means for a cell, through its references to other cells. Three languages use such names: `${matrix.teacher.model}`
 * and selectors ({@link follow}), the rules of kinds ({@link parameterAt}), rows of tables and plots ({@link lookUp}). They
 * differ in what a key means in a cell and in a list, and in nothing else.
 */
import { isList } from '../core/json.ts';
import { CellReference, ReferenceText, type Cell, type CellId, type Value, type ValueObject } from '../core/plan.ts';
import { ownValue } from '../core/own.ts';
import { carriedAxis, type FindCell } from './carry.ts';
import { referencesIn } from './cell-id.ts';

/** Cells by their ids. */
export interface CellIndex {
  get(id: CellId): Cell | undefined;
}

/** What the keys that are left mean where a value is a cell or a list. */
interface Steps {
  readonly intoCell: (reference: CellReference, keys: readonly string[]) => Value | undefined;
  readonly intoList: (items: readonly Value[], keys: readonly string[]) => Value | undefined;
}

/** Tells a mapping of values from the other values. */
const isMapping = (value: Value): value is ValueObject =>
  typeof value === 'object' &&
  value !== null &&
  !isList(value) &&
  !(value instanceof CellReference) &&
  !(value instanceof ReferenceText);

/** Goes from a value key by key: in a mapping a key is a key of it. */
function walk(value: Value | undefined, keys: readonly string[], steps: Steps): Value | undefined {
  const [key, ...rest] = keys;
  if (key === undefined || value === undefined) return value;
  if (value instanceof CellReference) return steps.intoCell(value, keys);
  if (isList(value)) return steps.intoList(value, keys);
  return isMapping(value) ? walk(ownValue(value, key), rest, steps) : undefined;
}

/**
 * Follows keys from a value. In a cell a key means one of its axes, else a parameter, else an axis that it carries on.
 *
 * @param value - where to start
 * @param keys - which way to go; none gives the value itself
 * @param find - gives the planned cells
 * @returns the value at the end; undefined when there is none
 */
export function follow(value: Value, keys: readonly string[], find: FindCell): Value | undefined {
  const steps: Steps = {
    intoCell: ({ cell: id }, [key = '', ...rest]) => {
      const planned = find(id);
      const { axes, params } = planned?.cell ?? { axes: {}, params: {} };
      const next = ownValue(axes, key) ?? ownValue(params, key) ?? (planned && carriedAxis(planned, key)?.value);
      return walk(next, rest, steps);
    },
    intoList: () => undefined,
  };
  return walk(value, keys, steps);
}

/**
 * Finds a parameter of a cell, or of one that it refers to: `teacher.data`, `teachers.0`.
 *
 * @param index - the planned cells
 * @param params - parameters of the cell
 * @param name - keys between dots; in a cell a key means a parameter, in a list the place of an item
 * @returns the value; undefined when there is none
 */
export function parameterAt(index: CellIndex, params: ValueObject, name: string): Value | undefined {
  const steps: Steps = {
    intoCell: ({ cell }, keys) => walk(index.get(cell)?.params, keys, steps),
    intoList: (items, [key = '', ...rest]) => walk(/^\d+$/.test(key) ? items[Number(key)] : undefined, rest, steps),
  };
  return walk(params, name.split('.'), steps);
}

/**
 * Walks cells and those that they refer to, breadth first, each once: the nearest come first, axes before parameters.
 *
 * @param index - the plan's cells
 * @param cells - where to start
 * @yields the cells themselves, then what they refer to
 */
export function* reachable(index: CellIndex, cells: readonly Cell[]): Generator<Cell> {
  const seen = new Set(cells.map(({ id }) => id));
  const queue = [...cells];
  for (const current of queue) {
    yield current;
    for (const { cell: id } of referencesIn([current.axes, current.params])) {
      const next = index.get(id);
      if (!next || seen.has(id)) continue;
      seen.add(id);
      queue.push(next);
    }
  }
}

/**
 * Finds what a name means for a cell: its own axes, its parameters, then those of the cells that it refers to, nearest
 * first. A dotted name goes on from there: `teacher.model`, of several teachers a list.
 *
 * @param index - the plan's cells
 * @param cell - the cell
 * @param name - a name of `rows` or of a baseline
 * @returns the value; undefined when nothing has the name
 */
export function lookUp(index: CellIndex, cell: Cell, name: string): Value | undefined {
  for (const { axes, params } of reachable(index, [cell])) {
    const found = ownValue(axes, name) ?? ownValue(params, name);
    if (found !== undefined) return found;
  }
  const dot = name.indexOf('.');
  if (dot < 0) return undefined;
  const steps: Steps = {
    intoCell: ({ cell: id }, keys) => {
      const next = index.get(id);
      return next && lookUp(index, next, keys.join('.'));
    },
    intoList: (items, keys) => {
      const found = items.map((item) => walk(item, keys, steps));
      return found.every((item) => item !== undefined) ? found : undefined;
    },
  };
  return walk(lookUp(index, cell, name.slice(0, dot)), name.slice(dot + 1).split('.'), steps);
}

/**
 * Lists the names that cells have, their own and those of the cells that they refer to.
 *
 * @param index - the plan's cells
 * @param cells - the cells
 * @returns names without dots, nearest first
 */
export function knownNames(index: CellIndex, cells: readonly Cell[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { axes, params } of reachable(index, cells)) {
    for (const name of Object.keys(axes)) names.add(name);
    for (const name of Object.keys(params)) names.add(name);
  }
  return names;
}
