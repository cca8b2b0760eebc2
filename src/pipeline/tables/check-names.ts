import type { FactorIndex } from '../../cells/factors.ts';
import { knownNames, lookUp } from '../../cells/lookup.ts';
import type { PlannedCell } from '../../cells/carry.ts';
import type { Meaning } from '../../cells/meaning.ts';
import { CellReference } from '../../core/plan.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { PlannedStages } from '../planned/planned-stages.ts';
import type { Located } from '../source/location.ts';
import type { Problems } from '../source/problems.ts';

/** What tables are checked against. */
export interface TableContext {
  readonly world: PlannedStages;
  readonly problems: Problems;
  /** Ids of all stages in the order of the plan. */
  readonly stages: readonly string[];
  /** Names of the axes that overrides sweep. */
  readonly swept: ReadonlySet<string>;
  readonly factors: FactorIndex;
  /** The value that is meant under a name: of a synonym the name that cells have. */
  readonly meant: Meaning;
}

/** Names that a table or a plot uses. */
export interface UsedNames {
  /** `table results`. */
  readonly what: string;
  readonly names: readonly Located<string>[];
}

/** What may stand in the place of a name, so that its last key is known: `teacher.model` for `teacher.modl`. */
function nearNames(name: string, cells: readonly PlannedCell[], { world }: TableContext): ReadonlySet<string> {
  const prefix = name.slice(0, name.lastIndexOf('.') + 1);
  const known = new Set<string>();
  for (const { cell } of prefix === '' ? [] : cells) {
    const via = lookUp(world.index, cell, prefix.slice(0, -1));
    const through = via instanceof CellReference ? world.index.get(via.cell) : undefined;
    if (through) for (const near of knownNames(world.index, [through])) known.add(prefix + near);
  }
  if (known.size > 0) return known;
  return knownNames(
    world.index,
    cells.map(({ cell }) => cell),
  );
}

/**
 * Notes names of rows that no cell has.
 *
 * @param used - the names
 * @param cells - the cells that are read
 * @param context - what takes problems
 */
export function checkRows(used: UsedNames, cells: readonly PlannedCell[], context: TableContext): void {
  const { what, names } = used;
  const { world, problems } = context;
  const unknown = names.filter(({ value }) =>
    cells.every(({ cell }) => lookUp(world.index, cell, value) === undefined),
  );
  for (const { value, location } of unknown) {
    const message = `no cell of ${what} has ${JSON.stringify(value)}`;
    const known = nearNames(value, cells, context);
    problems.add(withNameAdvice({ code: 'unknown-row', message, location }, value, known));
  }
}

/**
 * Tells whether a name is that of a metric alone: no cell has it among its axes and parameters, and a kind says that it reports it.
 *
 * @param name - as written
 * @param cells - the cells that are read
 * @param context - the planned stages
 * @returns true for `macs` of an evaluation
 */
export function isMetricName(name: string, cells: readonly PlannedCell[], context: TableContext): boolean {
  const { world } = context;
  return (
    cells.every(({ cell }) => lookUp(world.index, cell, name) === undefined) &&
    cells.some(({ cell }) => world.kind(cell.kind)?.metrics?.(cell.params).includes(name) === true)
  );
}

/**
 * Notes metrics that no cell will have, where all kinds say beforehand what they report.
 *
 * @param used - the metrics
 * @param cells - the cells that are read
 * @param context - what takes problems
 */
export function checkColumns(used: UsedNames, cells: readonly PlannedCell[], context: TableContext): void {
  const { what, names } = used;
  const { world, problems } = context;
  const known = new Set<string>();
  for (const { cell } of cells) {
    const reported = world.stage(cell.stage)?.healthy === true ? world.kind(cell.kind)?.metrics : undefined;
    if (!reported) return;
    for (const name of reported(cell.params)) known.add(name);
    // Of ten thousand cells the first one usually reports all that is asked for.
    if (names.every(({ value }) => known.has(value))) return;
  }
  for (const { value, location } of names) {
    if (known.has(value)) continue;
    const message = `no cell of ${what} reports ${JSON.stringify(value)}`;
    problems.add(withNameAdvice({ code: 'unknown-column', message, location }, value, known));
  }
}
