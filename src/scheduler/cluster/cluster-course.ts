import { join } from 'node:path';
import type { Event } from '../../core/event.ts';
import type { Cell, Digest } from '../../core/plan.ts';
import type { Cluster } from '../../executors/cluster.ts';
import { canonical } from '../../fingerprint/canonical.ts';
import { sha256 } from '../../fingerprint/digest.ts';
import { readSubmitted, type SubmittedRun } from '../../record/arrays.ts';
import { listRuns, readEvents } from '../../record/past-runs.ts';
import { planToJson } from '../../record/plan-json.ts';
import { openRecord, startRecord } from '../../record/run-record.ts';
import { clearAway } from '../clear-away.ts';
import type { Course, Emit, Outset } from '../course.ts';
import { followSubmitted, lockRun } from './follow-submitted.ts';
import { plannedCohortOf } from './planned-cohorts.ts';
import { describeArrays, planSubmission } from './submit.ts';

/** A run on a cluster that has not ended, and of which no process may follow it. */
interface OpenRun {
  readonly run: string;
  readonly folder: string;
  readonly submitted: SubmittedRun;
  readonly past: readonly Event[];
}

/** All that a run was asked for: where that is equal, it is the same run. */
function askedOf({ plan, prepared, options: { force = new Set(), keepGoing, cohorts = true } }: Outset): Digest {
  const cells = prepared.cells.map(({ id }) => id);
  const sources = [...prepared.sources].sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(canonical([planToJson(plan), cells, [...force].sort(), keepGoing, cohorts, sources]));
}

/** The run that was asked for the same, and that has not ended. */
function findOpen({ plan, options: { runsFolder } }: Outset, asked: Digest): OpenRun | undefined {
  for (const run of listRuns(runsFolder, plan.name).toReversed()) {
    const folder = join(runsFolder, plan.name, run);
    const submitted = readSubmitted(folder);
    if (submitted?.asked !== asked) continue;
    const past = readEvents(folder);
    // The latest decides: of what came before it nothing is left to follow.
    return past.at(-1)?.type === 'run-finished' ? undefined : { run, folder, submitted, past };
  }
  return undefined;
}

/**
 * A run whose cells are submitted to a cluster, all at once; or one that was asked for the same and goes on there, whoever
 * submitted it: nothing is submitted twice.
 *
 * @param outset - what it starts from
 * @param cluster - where to
 * @returns its course; undefined where there is nothing to do
 * @throws FailureError when it cannot start, or another process follows it
 */
export async function clusterCourse(outset: Outset, cluster: Cluster): Promise<Course | undefined> {
  const { plan, prepared, options, clock, start } = outset;
  const asked = askedOf(outset);
  const { cells, resolver } = prepared;
  const leave = options.detach ? AbortSignal.abort() : (options.interrupt ?? new AbortController().signal);
  const followed = { cells, resolver, store: options.store, cluster, clock, leave };
  const open = findOpen(outset, asked);
  if (open) {
    await cluster.open();
    const lock = await lockRun(options.store, open.run);
    const record = openRecord(open.folder, plan);
    const run = (emit: Emit) => followSubmitted({ ...followed, record, ...open, continued: true }, emit);
    return { record, commit: null, past: open.past, run, close: () => lock.release() };
  }
  if (prepared.resolutions.every(({ status }) => status === 'reuse')) return undefined;
  const { kinds, cohorts = true } = options;
  const cohortOf = (cell: Cell) => (cohorts ? plannedCohortOf(cell, kinds[cell.kind]) : null);
  const submission = { plan, prepared, options, cluster, cohortOf };
  const arrays = await planSubmission(submission);
  const commit = await options.commit();
  await clearAway(plan.name, options);
  const record = startRecord(options.runsFolder, plan, start);
  const lock = await lockRun(options.store, record.run);
  const submitted = describeArrays(submission, record, { arrays, asked, commit });
  const run = (emit: Emit) => followSubmitted({ ...followed, record, submitted, past: [], continued: false }, emit);
  return { record, commit, run, close: () => lock.release() };
}
