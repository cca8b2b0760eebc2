import { FailureError, type Failure } from '../core/failure.ts';
import type { Cell, CellId, Digest, Plan } from '../core/plan.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { sourceChanges } from '../store/files/sources.ts';
import type { Store } from '../store/store.ts';
import { lastResultsFile, readLastResults, type LastResults } from '../record/last-results.ts';
import type { Resolution } from './resolution.ts';
import { Resolver } from './resolve.ts';
import { digestSources } from './sources.ts';

/** What both a preview and a run need to know. */
export interface PlanOptions {
  /** Absolute path of `runs/`. */
  readonly runsFolder: string;
  /** Folder that paths in the pipeline are relative to. */
  readonly workingFolder: string;
  readonly store: Store;
  readonly kinds: Readonly<Record<string, StageKind>>;
  /** Cells that run although the store has their key. */
  readonly force?: ReadonlySet<CellId>;
  /** The only cells that may run; all of them by default. What they need must then be in the store. */
  readonly selection?: ReadonlySet<CellId>;
}

/** A plan compared with the store. */
export interface Preview {
  /** The cells of the run, in the order of the plan: the selected ones and all that they need. */
  readonly cells: readonly Cell[];
  /** What would be done with each cell, by index. */
  readonly resolutions: readonly Resolution[];
}

/** A preview, with what a run goes on with. */
export interface Prepared extends Preview {
  readonly resolver: Resolver;
  /** What was found outside the store: digests by absolute path. */
  readonly sources: ReadonlyMap<string, Digest>;
  readonly last: () => LastResults;
}

/**
 * Compares a plan with the store, cell by cell: exactly what a run starts from. Writes nothing.
 *
 * @param plan - the plan
 * @param options - store, kinds, what is selected and forced
 * @returns the cells of the run and what is to be done with each
 * @throws FailureError when a source cannot be read, or a cell that is not selected would have to run
 */
export async function prepare(plan: Plan, options: PlanOptions): Promise<Prepared> {
  const { store, kinds, selection, force = new Set() } = options;
  const cells = selection ? withNeeds(plan.cells, selection) : plan.cells;
  let read: LastResults | undefined;
  const last = () => (read ??= readLastResults(lastResultsFile(options.runsFolder, plan.name)));
  const { of, digests } = await digestSources(cells, options);
  const resolver = new Resolver(cells, {
    ...{ store, kinds, sources: of, last, force },
    sayChanges: (before, after) => sourceChanges(store.root, before, after),
  });
  const resolutions = cells.map((cell) => resolver.resolve(cell));
  if (selection) refuseUnselected(cells, resolutions, selection);
  return { cells, resolutions, resolver, sources: digests, last };
}

/** The selected cells and all that they need, in the order of the plan. */
function withNeeds(cells: readonly Cell[], selection: ReadonlySet<CellId>): readonly Cell[] {
  const wanted = new Set(selection);
  for (const cell of cells.toReversed()) if (wanted.has(cell.id)) for (const need of cell.needs) wanted.add(need);
  return cells.filter((cell) => wanted.has(cell.id));
}

/** Most missing results that one message names. */
const named = 5;

function refuseUnselected(
  cells: readonly Cell[],
  resolutions: readonly Resolution[],
  selection: ReadonlySet<CellId>,
): void {
  const missing = cells.filter((cell, index) => !selection.has(cell.id) && resolutions[index]?.status !== 'reuse');
  if (!missing.length) return;
  const failures = missing.slice(0, named).map((cell): Failure => {
    const taker = cells.find((other) => other.needs.includes(cell.id));
    return {
      code: 'need-not-selected',
      message: `${taker?.id ?? 'a selected stage'} needs ${cell.id}, which is not selected and has no result in the store`,
      fix: `run ${cell.stage} too: --to instead of --only, or no selection`,
    };
  });
  const more = missing.length - failures.length;
  if (more) failures.push({ code: 'need-not-selected', message: `${more} more cells are missing like these` });
  throw new FailureError(failures);
}
