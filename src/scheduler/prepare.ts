import { FailureError, type Failure } from '../core/failure.ts';
import type { Cell, CellId, Digest, Key, Plan } from '../core/plan.ts';
import type { Search } from '../core/plan.ts';
import { awaited } from '../core/searches.ts';
import type { TaskSource } from '../core/task.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { damageOf } from '../store/damage.ts';
import type { ReadWatch } from '../store/files/digest-file.ts';
import { sourceChanges } from '../store/files/sources.ts';
import type { Entry, Store } from '../store/store.ts';
import { lastResultsFile, readLastResults, type LastResults } from '../record/last-results.ts';
import { isIdle, type Resolution } from './resolution.ts';
import { Resolver, type ResolveDeps } from './resolve.ts';
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
  /** Told what is read of the sources. */
  readonly watch?: ReadWatch;
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
  /** What a cell reads of that. */
  readonly sourcesOf: (cell: Cell) => readonly TaskSource[];
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
  const cells = selection ? withNeeds(plan, selection) : plan.cells;
  let read: LastResults | undefined;
  const last = () => (read ??= readLastResults(lastResultsFile(options.runsFolder, plan.name)));
  const { of, digests } = await digestSources(cells, options);
  const { resolver, resolutions, damaged } = await resolveIntact(cells, {
    ...{ store, kinds, sources: of, last, force, secrets: plan.secrets },
    ...(plan.searches && { searches: searchesAmong(plan.searches, cells) }),
    sayChanges: (before, after) => sourceChanges(store.root, before, after),
  });
  if (selection) refuseUnselected({ cells, resolutions }, selection, damaged);
  return { cells, resolutions, resolver, sources: digests, sourcesOf: of, last };
}

/** Resolves cells; a result that one of those to run would read, and that has been changed in the store, counts as missing. */
async function resolveIntact(
  cells: readonly Cell[],
  deps: ResolveDeps,
): Promise<Pick<Prepared, 'resolver' | 'resolutions'> & { readonly damaged: ReadonlyMap<Key, string> }> {
  const looked = new Set<Key>();
  const damaged = new Map<Key, string>();
  for (;;) {
    const resolver = new Resolver(cells, { ...deps, damaged });
    const resolutions = cells.map((cell) => resolver.resolve(cell));
    const known = damaged.size;
    // The result of a cell that runs may be there too, as one that is not what its stage made: that is why it runs.
    const own = resolutions.flatMap((resolution) => (resolution.status === 'run' ? [resolution.key] : []));
    for (const key of [...readByRunning(cells, resolutions, resolver.entries), ...own]) {
      if (looked.has(key)) continue;
      looked.add(key);
      const damage = await damageOf(deps.store.root, key);
      if (damage) damaged.set(key, damage);
    }
    if (damaged.size === known) return { resolver, resolutions, damaged };
  }
}

/** Results that are there and that cells which run, or may run, read. */
function readByRunning(
  cells: readonly Cell[],
  resolutions: readonly Resolution[],
  entries: ReadonlyMap<CellId, Entry>,
): readonly Key[] {
  const needs = cells.flatMap((cell, index) => (isIdle(resolutions[index]) ? [] : cell.needs));
  return [...new Set(needs)].flatMap((need) => entries.get(need)?.key ?? []);
}

/** The selected cells and all that they wait for, in the order of the plan: what follows in a search waits for all its trials. */
function withNeeds({ cells, searches = [] }: Plan, selection: ReadonlySet<CellId>): readonly Cell[] {
  const rivals = new Map<CellId, Search>();
  for (const search of searches) for (const cell of search.trials.flat(2)) rivals.set(cell, search);
  const wanted = new Set(selection);
  const added = new Set<Search>();
  for (const cell of cells.toReversed()) {
    if (!wanted.has(cell.id)) continue;
    for (const one of awaited(cell)) wanted.add(one);
    const search = cell.follows && rivals.get(cell.id);
    if (!search || added.has(search)) continue;
    added.add(search);
    // Rungs lie one after the other in the plan, so that those below are still to come.
    const rung =
      search.trials.map((trial) => trial.findIndex((ids) => ids.includes(cell.id))).find((at) => at >= 0) ?? 0;
    for (const id of search.trials.flatMap((trial) => trial.slice(0, rung).flat())) wanted.add(id);
  }
  return cells.filter((cell) => wanted.has(cell.id));
}

/** The searches of which a run has cells: of others nothing is asked. */
function searchesAmong(searches: readonly Search[], cells: readonly Cell[]): readonly Search[] {
  const ids = new Set(cells.map(({ id }) => id));
  return searches.filter(({ trials }) => trials.flat(2).some((cell) => ids.has(cell)));
}

/** Most missing results that one message names. */
const named = 5;

function refuseUnselected(
  { cells, resolutions }: Preview,
  selection: ReadonlySet<CellId>,
  damaged: ReadonlyMap<Key, string>,
): void {
  const missing = cells.flatMap((cell, index) => {
    const resolution = resolutions[index];
    if (selection.has(cell.id) || isIdle(resolution)) return [];
    return { cell, damage: resolution?.status === 'run' ? damaged.get(resolution.key) : undefined };
  });
  if (!missing.length) return;
  const failures = missing.slice(0, named).map(({ cell, damage }): Failure => {
    const taker = cells.find((other) => awaited(other).includes(cell.id));
    const state =
      damage === undefined ? 'has no result in the store' : `whose result was changed in the store: ${damage}`;
    return {
      code: 'need-not-selected',
      message: `${taker?.id ?? 'a selected stage'} needs ${cell.id}, which is not selected and ${state}`,
      fix: `run ${cell.stage} too: --to instead of --only, or no selection`,
    };
  });
  const more = missing.length - failures.length;
  if (more) failures.push({ code: 'need-not-selected', message: `${more} more cells are missing like these` });
  throw new FailureError(failures);
}
