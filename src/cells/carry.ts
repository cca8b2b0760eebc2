import { CellReference, type Cell, type CellId, type Value, type ValueObject } from '../core/plan.ts';
import { ownValue } from '../core/own.ts';
import { referencesIn, valueToken } from './cell-id.ts';

/** A cell on an axis of another one. */
export interface Parent {
  /** The axis. */
  readonly via: string;
  readonly planned: PlannedCell;
}

/**
 * What a cell carries by its axes: its own, those of the cells on its axes, those of the cells on theirs …; the nearest
 * wins. Joins compare what cells carry.
 */
export interface Carrier {
  readonly axes: ValueObject;
  readonly parents: readonly Parent[];
}

/** A cell with what it carries. */
export interface PlannedCell extends Carrier {
  readonly cell: Cell;
}

/** Finds a planned cell by its id. */
export type FindCell = (id: CellId) => PlannedCell | undefined;

/** Something found through an axis. */
interface Found<T> {
  readonly value: T;
  /** The own axis through which it came. */
  readonly via: string;
}

const noParents: readonly Parent[] = Object.freeze([]);

/**
 * Lists the cells on a cell's axes.
 *
 * @param axes - the cell's own axes
 * @param find - gives the cell of an id; undefined for an unknown one
 * @returns cells in the order of the axes
 */
export function parentsOf(axes: ValueObject, find: FindCell): readonly Parent[] {
  let parents: Parent[] | undefined;
  for (const [via, value] of Object.entries(axes)) {
    if (typeof value !== 'object' || value === null) continue;
    for (const { cell } of referencesIn(value)) {
      const planned = find(cell);
      if (planned) (parents ??= []).push({ via, planned });
    }
  }
  return parents ?? noParents;
}

/** The cells that others stand on, each once for an axis: what stands on one cell in two ways would double with every step. */
function parentsOfAll(level: readonly Parent[]): readonly Parent[] {
  const parents = new Map<string, Map<PlannedCell, Parent>>();
  for (const { via, planned } of level) {
    const ofAxis = parents.get(via) ?? new Map<PlannedCell, Parent>();
    parents.set(via, ofAxis);
    for (const parent of planned.parents) ofAxis.set(parent.planned, { via, planned: parent.planned });
  }
  return [...parents.values()].flatMap((ofAxis) => [...ofAxis.values()]);
}

/**
 * Searches the cells behind a carrier's axes, nearest first.
 *
 * @returns what the nearest ones say; undefined when none says anything, or equally near ones disagree
 */
function nearest<T>(
  parents: readonly Parent[],
  ask: (planned: PlannedCell) => T | undefined,
  name: (answer: T) => string,
): Found<T> | undefined {
  let level = parents;
  while (level.length > 0) {
    let found: Found<T> | undefined;
    for (const { via, planned } of level) {
      const value = ask(planned);
      if (value === undefined) continue;
      if (found && name(found.value) !== name(value)) return undefined;
      found ??= { value, via };
    }
    if (found) return found;
    level = parentsOfAll(level);
  }
  return undefined;
}

/**
 * Unique text of an axis value for joins: of a reference only the cell counts, not the output.
 *
 * @param value - an axis value
 * @returns the text
 */
export function joinToken(value: Value): string {
  return value instanceof CellReference ? value.cell : valueToken(value);
}

/**
 * Finds an axis that a cell carries.
 *
 * @param carrier - the cell
 * @param name - name of the axis
 * @returns its value and the own axis through which it came; undefined when there is none, or two cells equally near disagree
 */
export function carriedAxis(carrier: Carrier, name: string): Found<Value> | undefined {
  const value = ownValue(carrier.axes, name);
  if (value !== undefined) return { value, via: name };
  const [parent, ...others] = carrier.parents;
  if (!parent) return undefined;
  if (others.length > 0) return nearest(carrier.parents, ({ axes }) => ownValue(axes, name), joinToken);
  // Nearly every cell stands on one other: its answer is the answer.
  const inherited = carriedAxis(parent.planned, name);
  return inherited && { value: inherited.value, via: parent.via };
}

/**
 * Finds the cell of a stage that was reached through an axis: references to its stage mean this one.
 *
 * @param carrier - the cell
 * @param stage - the stage
 * @returns the cell and the own axis through which it came; undefined when there is none, or two are equally near
 */
export function pickedCell(carrier: Carrier, stage: string): Found<PlannedCell> | undefined {
  if (carrier.parents.length === 0) return undefined;
  return nearest(
    carrier.parents,
    (planned) => (planned.cell.stage === stage ? planned : undefined),
    ({ cell }) => cell.id,
  );
}

/**
 * Lists the axes that a cell carries.
 *
 * @param carrier - the cell
 * @returns names, own ones first; those on which equally near cells disagree are left out
 */
export function carriedNames(carrier: Carrier): readonly string[] {
  const names = Object.keys(carrier.axes);
  let level = carrier.parents;
  let several = false;
  while (level.length > 0) {
    several ||= level.length > 1;
    for (const { planned } of level)
      for (const name of Object.keys(planned.axes)) if (!names.includes(name)) names.push(name);
    level = parentsOfAll(level);
  }
  return several ? names.filter((name) => carriedAxis(carrier, name) !== undefined) : names;
}
