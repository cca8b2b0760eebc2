import type { Failure } from '../core/failure.ts';
import type { Cell, CellId } from '../core/plan.ts';
import { failed, failure, success, type Result } from '../core/result.ts';
import { awaited } from '../core/searches.ts';
import { formatList, nameAdvice } from '../util/text.ts';
import { asWritten, meantSelector, type Meaning } from './meaning.ts';
import { mismatchOf } from './nearest.ts';
import type { Selector } from './selector.ts';
import { parentsOf, type FindCell, type PlannedCell } from './carry.ts';
import { matches } from './matches.ts';
import { parseSelector } from './selector.ts';

/** What a user asked for: selectors (stage, cell id or `stage[axis=value]`) of each option. */
export interface Selection {
  /** Exactly these cells. */
  readonly only?: readonly string[];
  /** These cells and all that depend on them. */
  readonly from?: readonly string[];
  /** These cells and all that they need. */
  readonly to?: readonly string[];
}

/** Works out what every cell carries. */
function carriers(cells: readonly Cell[]): ReadonlyMap<CellId, PlannedCell> {
  const planned = new Map<CellId, PlannedCell>();
  for (const cell of cells) {
    const { axes } = cell;
    planned.set(cell.id, { cell, axes, parents: parentsOf(axes, (id) => planned.get(id)) });
  }
  return planned;
}

/** The cells that one selector names. */
function matchCells(
  text: string,
  planned: ReadonlyMap<CellId, PlannedCell>,
  meant: Meaning,
): Result<readonly CellId[]> {
  if (planned.has(text)) return success([text]);
  const parsed = parseSelector(text);
  if (parsed?.end !== text.length) {
    return failure({
      code: 'bad-selector',
      message: `${JSON.stringify(text)} is not a selector`,
      expected: 'a stage, a cell id, or stage[axis=value]',
    });
  }
  const selector = meantSelector(parsed.selector, meant);
  const { stage, conditions } = selector;
  const cells = [...planned.values()];
  const stages = new Set(cells.map(({ cell }) => cell.stage));
  if (!stages.has(stage)) return failure(unknownStage(stage, stages));
  const inStage = cells.filter(({ cell }) => cell.stage === stage);
  const found = inStage.filter((one) => matches(one, conditions, (id) => planned.get(id)));
  return found.length > 0
    ? success(found.map(({ cell }) => cell.id))
    : failure(noCell(text, selector, inStage, (id) => planned.get(id)));
}

function unknownStage(stage: string, stages: Iterable<string>): Failure {
  const fix = nameAdvice(stage, stages);
  return {
    code: 'unknown-stage',
    message: `there is no stage ${JSON.stringify(stage)}`,
    ...(fix === undefined ? {} : { fix }),
  };
}

function noCell(text: string, { conditions }: Selector, cells: readonly PlannedCell[], find: FindCell): Failure {
  const ids = cells.map(({ cell }) => cell.id);
  const mismatch = mismatchOf(conditions, cells, find);
  return {
    code: 'no-cell',
    message: `no cell matches ${text}${mismatch ? `: ${mismatch.reason}` : ''}`,
    expected: `for instance ${formatList(ids, 4)}`,
    ...(mismatch?.fix === undefined ? {} : { fix: mismatch.fix }),
  };
}

/** All cells that depend on the given ones, and these. */
function dependents(cells: readonly Cell[], start: ReadonlySet<CellId>): Set<CellId> {
  const reached = new Set(start);
  for (const cell of cells) if (awaited(cell).some((one) => reached.has(one))) reached.add(cell.id);
  return reached;
}

/** All cells that the given ones need, and these. */
function withNeeds(cells: readonly Cell[], start: ReadonlySet<CellId>): Set<CellId> {
  const reached = new Set(start);
  for (const cell of cells.toReversed()) {
    if (reached.has(cell.id)) for (const one of awaited(cell)) reached.add(one);
  }
  return reached;
}

const exactly = (_: readonly Cell[], start: ReadonlySet<CellId>): ReadonlySet<CellId> => start;

/**
 * Finds the cells that a set of selectors names.
 *
 * @param cells - cells in topological order
 * @param selectors - stages, cell ids or `stage[axis=value]`; a condition may name an axis that the cell inherited
 * @param meant - what their values mean
 * @returns ids of all cells that any selector names, or a failure for every selector that names none
 */
export function findCells(
  cells: readonly Cell[],
  selectors: readonly string[],
  meant: Meaning = asWritten,
): Result<ReadonlySet<CellId>> {
  const planned = carriers(cells);
  const results = selectors.map((text) => matchCells(text, planned, meant));
  const failures = results.flatMap((result) => (result.ok ? [] : result.failures));
  return failures.length > 0
    ? failed(failures)
    : success(new Set(results.flatMap((result) => (result.ok ? result.value : []))));
}

/**
 * Finds the cells that `--only`, `--from` and `--to` keep. Several options keep what all of them keep, so `--from a
 * --to b` is the part of the graph between both.
 *
 * @param cells - cells in topological order
 * @param selection - selectors of each option; an option that was not given keeps everything
 * @param meant - what values of selectors mean
 * @returns ids of the kept cells, or a failure for every selector that names no cell
 */
export function selectCells(
  cells: readonly Cell[],
  selection: Selection,
  meant: Meaning = asWritten,
): Result<ReadonlySet<CellId>> {
  let kept: ReadonlySet<CellId> = new Set(cells.map((cell) => cell.id));
  const failures: Failure[] = [];
  const options = [
    [selection.only, exactly],
    [selection.from, dependents],
    [selection.to, withNeeds],
  ] as const;
  for (const [selectors, widen] of options) {
    if (!selectors) continue;
    const named = findCells(cells, selectors, meant);
    if (!named.ok) for (const one of named.failures) failures.push(one);
    else {
      const widened = widen(cells, named.value);
      kept = new Set([...kept].filter((id) => widened.has(id)));
    }
  }
  return failures.length > 0 ? failed(failures) : success(kept);
}
