import { join } from 'node:path';
import { findCells } from '../cells/select.ts';
import type { Event } from '../core/event.ts';
import { fail, type Failure } from '../core/failure.ts';
import type { JsonObject } from '../core/json.ts';
import type { CellId, Key } from '../core/plan.ts';
import { cellStatuses, type CellStatus } from '../core/run-state.ts';
import { explain } from '../fingerprint/explain.ts';
import { latestReadable, listRuns, replayRun, type PastRun } from '../record/past-runs.ts';
import type { Manifest } from '../store/store.ts';
import { nameAdvice } from '../util/text.ts';
import type { Project } from './project.ts';
import { recentRun } from './recent.ts';
import { latestRuns } from './results.ts';

/** What came of a cell in a run, and in those after it that had the same. */
export interface PastResult {
  /** The first run that had it. */
  readonly run: string;
  /** When the cell ended there; milliseconds since the Unix epoch. */
  readonly at: number;
  readonly state: 'finished' | 'reused' | 'tainted' | 'failed';
  /** Null for a cell that failed before its key was known. */
  readonly key: Key | null;
  /** What it took, where it ran. */
  readonly seconds?: number;
  /** What differs from the result before, as `kdpipe why` says it; `first run` for the first. */
  readonly changes: readonly string[];
  /** Undefined where there are none, or no longer. */
  readonly metrics?: JsonObject;
  readonly failure?: Failure;
  /** How many runs right after it reused it. */
  readonly again: number;
}

/** The results of a cell, oldest first. */
export interface CellHistory {
  readonly cell: CellId;
  readonly results: readonly PastResult[];
}

/** Results of cells over the runs of a pipeline. */
export interface History {
  readonly pipeline: string;
  readonly runs: number;
  readonly cells: readonly CellHistory[];
}

/** Reads the records of a pipeline, oldest first; damaged ones are left out. */
function recordsOf({ runsFolder }: Project, pipeline: string): readonly PastRun[] {
  return listRuns(runsFolder, pipeline).flatMap((run) => latestReadable([join(runsFolder, pipeline, run)]) ?? []);
}

/** The pipeline of a name, or the one that ran last of those that have such cells. */
function pipelineWith(project: Project, selector: string, wanted: string | undefined): string {
  if (wanted !== undefined) return recentRun(project.runsFolder, wanted).plan.name;
  const runs = latestRuns(project);
  const found = runs.find(({ plan }) => findCells(plan.cells, [selector]).ok);
  return (found ?? recentRun(project.runsFolder)).plan.name;
}

/** Follows one cell through runs. */
class Follower {
  readonly #manifests: (key: Key) => Manifest | undefined;
  readonly #results: PastResult[] = [];

  constructor(manifests: (key: Key) => Manifest | undefined) {
    this.#manifests = manifests;
  }

  get results(): readonly PastResult[] {
    return this.#results;
  }

  /** Takes how the cell ended in the next run; other ends than these leave no result. */
  take(run: string, { event }: CellStatus, reason: string | undefined): void {
    const { type, at } = event;
    if (type === 'stage-failed')
      this.#add({
        run,
        at,
        state: 'failed',
        key: event.key,
        changes: this.#changes(event.key, reason),
        failure: event.failure,
      });
    else if (type === 'stage-tainted')
      this.#add({ run, at, state: 'tainted', key: event.key, changes: this.#changes(event.key, reason) });
    else if (type === 'stage-finished') {
      const { key, seconds, metrics } = event;
      this.#add({ run, at, state: 'finished', key, seconds, metrics, changes: this.#changes(key, reason) });
    } else if (type === 'stage-reused') this.#reuse(run, at, event.key);
  }

  #add(result: Omit<PastResult, 'again'>): void {
    this.#results.push({ ...result, again: 0 });
  }

  #reuse(run: string, at: number, key: Key): void {
    const last = this.#results.at(-1);
    if (last?.key === key && last.state !== 'failed') {
      this.#results[this.#results.length - 1] = { ...last, again: last.again + 1 };
      return;
    }
    const metrics = this.#manifests(key)?.metrics;
    this.#add({ run, at, state: 'reused', key, changes: this.#changes(key, undefined), ...(metrics && { metrics }) });
  }

  /** What differs from the last result: of what both were made of, else what the run said when it began. */
  #changes(key: Key | null, reason: string | undefined): readonly string[] {
    const before = this.#results.findLast((one) => one.key !== null);
    const [was, is] = [before?.key, key].map((one) => (one ? this.#manifests(one) : undefined));
    if (was && is) return explain(was, is);
    if (reason !== undefined) return [reason];
    return before ? [] : ['first run'];
  }
}

/** Why cells ran, as the record has it. */
function reasonsOf(events: readonly Event[]): ReadonlyMap<CellId, string> {
  return new Map(
    events.flatMap((event) => (event.type === 'stage-started' ? [[event.cell, event.reason] as const] : [])),
  );
}

/**
 * Follows cells through the runs of a pipeline: what came of them, and what changed.
 *
 * @param project - the workspace
 * @param selector - a stage, cell or `stage[axis=value]`
 * @param wanted - a pipeline's name; by default the one that ran last of those that have such cells
 * @returns the results of each cell that any run had
 * @throws FailureError `no-such-cell` where no run has such a cell; `no-run` where nothing ran
 */
export function historyOf(project: Project, selector: string, wanted?: string): History {
  const pipeline = pipelineWith(project, selector, wanted);
  const records = recordsOf(project, pipeline);
  const known = new Map<Key, Manifest | undefined>();
  const manifestOf = (key: Key): Manifest | undefined => {
    if (!known.has(key)) known.set(key, project.store.find(key)?.manifest());
    return known.get(key);
  };
  const followers = new Map<CellId, Follower>();
  for (const past of records) {
    const named = findCells(past.plan.cells, [selector]);
    if (!named.ok) continue;
    const [statuses, reasons] = [cellStatuses(replayRun(past)), reasonsOf(past.events)];
    for (const cell of named.value) {
      const follower = followers.get(cell) ?? new Follower(manifestOf);
      followers.set(cell, follower);
      const status = statuses.get(cell);
      if (status) follower.take(past.run, status, reasons.get(cell));
    }
  }
  if (followers.size === 0) failUnknown(selector, pipeline, records);
  const cells = [...followers].map(([cell, { results }]) => ({ cell, results }));
  return { pipeline, runs: records.length, cells };
}

function failUnknown(selector: string, pipeline: string, records: readonly PastRun[]): never {
  const stages = new Set(records.flatMap(({ plan }) => plan.cells.map(({ stage }) => stage)));
  const advice = nameAdvice(selector, stages);
  return fail({
    code: 'no-such-cell',
    message: `no run of ${pipeline} has a stage or cell called ${selector}`,
    expected: 'a stage, a cell, or stage[axis=value]',
    ...(advice !== undefined && { fix: advice }),
  });
}
