import { join } from 'node:path';
import type { Event } from '../../core/event.ts';
import { fail } from '../../core/failure.ts';
import type { Cell, Digest } from '../../core/plan.ts';
import type { Cluster } from '../../executors/cluster.ts';
import { canonical } from '../../fingerprint/canonical.ts';
import { sha256 } from '../../fingerprint/digest.ts';
import { readSubmitted, type SubmittedRun } from '../../record/arrays.ts';
import { listRuns, readEvents } from '../../record/past-runs.ts';
import { planToJson } from '../../record/plan-json.ts';
import { openRecord, startRecord, type RunRecord } from '../../record/run-record.ts';
import type { Lock, Store } from '../../store/store.ts';
import { clearAway } from '../clear-away.ts';
import type { Course, Emit, Outset } from '../course.ts';
import type { ScheduleOutcome } from '../schedule-options.ts';
import { ClusterSchedule } from './cluster-schedule.ts';
import { plannedCohortOf } from './planned-cohorts.ts';
import { describeArrays, planSubmission, submitArrays } from './submit.ts';

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

/** Makes sure that one process alone follows a run. */
async function follow(store: Store, run: string): Promise<Lock> {
  const busy = new AbortController();
  let holder = '';
  try {
    return await store.lock(`run-${run}`, busy.signal, (who) => {
      holder = who;
      busy.abort();
    });
  } catch (error) {
    if (!busy.signal.aborted) throw error;
    return fail({
      code: 'run-followed',
      message: `run ${run} is this one, and ${holder} follows it`,
      fix: `kdpipe attach ${run} shows it`,
    });
  }
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
  const { plan, prepared, options, start } = outset;
  const asked = askedOf(outset);
  const open = findOpen(outset, asked);
  if (open) {
    await cluster.open();
    const lock = await follow(options.store, open.run);
    const record = openRecord(open.folder, plan);
    const run = (emit: Emit) => followRun({ outset, cluster, record, ...open, continued: true }, emit);
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
  const lock = await follow(options.store, record.run);
  const submitted = describeArrays(submission, record, { arrays, asked, commit });
  const run = (emit: Emit) => followRun({ outset, cluster, record, submitted, past: [], continued: false }, emit);
  return { record, commit, run, close: () => lock.release() };
}

/** A run that is about to be submitted, or was. */
interface FollowedRun {
  readonly outset: Outset;
  readonly cluster: Cluster;
  readonly record: RunRecord;
  readonly submitted: SubmittedRun;
  readonly past: readonly Event[];
  readonly continued: boolean;
}

async function followRun(followed: FollowedRun, emit: Emit): Promise<ScheduleOutcome> {
  const { outset, cluster, record, submitted, past, continued } = followed;
  const { prepared, options } = outset;
  const { keepGoing, interrupt, detach } = options;
  const arrays = await submitArrays(record, submitted, cluster, continued);
  const jobs = arrays.map(({ job, name: array, tasks }) => ({ job, array, tasks: tasks.length }));
  if (!past.some(({ type }) => type === 'run-submitted')) emit({ type: 'run-submitted', cluster: cluster.name, jobs });
  const { cells, resolver } = prepared;
  const leave = detach ? AbortSignal.abort() : (interrupt ?? new AbortController().signal);
  return new ClusterSchedule({ cells, arrays, resolver, cluster, keepGoing, past, emit, leave }).run();
}
