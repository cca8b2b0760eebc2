import { CellReference, ReferenceText, type Cell, type CellId, type Value, type ValueObject } from '../../core/plan.ts';

/** The plan's cells by their ids. */
export type CellIndex = ReadonlyMap<CellId, Cell>;

/** Own property only: names come from users. */
const own = (values: ValueObject, name: string): Value | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** Tells a mapping of values from the other values. */
const isMapping = (value: Value | undefined): value is ValueObject =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof CellReference) &&
  !(value instanceof ReferenceText);

/** The cells that a value refers to, in order, at any depth. */
function* references(value: Value | undefined): Generator<CellId> {
  if (value instanceof CellReference) yield value.cell;
  else if (value instanceof ReferenceText) yield* referencesIn(value.parts);
  else if (Array.isArray(value)) yield* referencesIn(value as readonly Value[]);
  else if (isMapping(value)) yield* referencesIn(Object.values(value));
}

/** The cells that several values refer to. */
function* referencesIn(values: readonly Value[]): Generator<CellId> {
  for (const value of values) yield* references(value);
}

/**
 * Walks a cell and the cells it refers to, breadth first, each once: the nearest come first, axes before parameters.
 *
 * @param index - the plan's cells
 * @param cell - where to start
 * @yields the cell itself, then what it refers to
 */
export function* reachable(index: CellIndex, cell: Cell): Generator<Cell> {
  const seen = new Set([cell.id]);
  const queue = [cell];
  for (const current of queue) {
    yield current;
    for (const id of referencesIn([current.axes, current.params])) {
      const next = index.get(id);
      if (!next || seen.has(id)) continue;
      seen.add(id);
      queue.push(next);
    }
  }
}

/** Follows the rest of a dotted name into a value. */
function inside(index: CellIndex, value: Value | undefined, path: string): Value | undefined {
  if (value instanceof CellReference) {
    const cell = index.get(value.cell);
    return cell && lookUp(index, cell, path);
  }
  if (Array.isArray(value)) {
    const found = (value as readonly Value[]).map((item) => inside(index, item, path));
    return found.every((item) => item !== undefined) ? found : undefined;
  }
  if (!isMapping(value)) return undefined;
  const [head = '', ...rest] = path.split('.');
  const found = own(value, head);
  return rest.length === 0 ? found : inside(index, found, rest.join('.'));
}

/**
 * Finds what a name means for a cell: its own axes, its parameters, then those of the cells that it refers to, nearest
 * first. A dotted name reaches through: `teacher.model`, of several teachers a list.
 *
 * @param index - the plan's cells
 * @param cell - the cell
 * @param name - a name of `rows` or of a baseline
 * @returns the value; undefined when nothing has the name
 */
export function lookUp(index: CellIndex, cell: Cell, name: string): Value | undefined {
  for (const { axes, params } of reachable(index, cell)) {
    const found = own(axes, name) ?? own(params, name);
    if (found !== undefined) return found;
  }
  const dot = name.indexOf('.');
  if (dot < 0) return undefined;
  return inside(index, lookUp(index, cell, name.slice(0, dot)), name.slice(dot + 1));
}

/**
 * Lists the names that a cell has, its own and those it reaches through others.
 *
 * @param index - the plan's cells
 * @param cell - the cell
 * @returns names without dots, nearest first
 */
export function knownNames(index: CellIndex, cell: Cell): readonly string[] {
  const names = new Set<string>();
  for (const { axes, params } of reachable(index, cell)) {
    for (const name of [...Object.keys(axes), ...Object.keys(params)]) names.add(name);
  }
  return [...names];
}
