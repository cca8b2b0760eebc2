import { dirname } from 'node:path';
import type { Event } from '../../core/event.ts';
import { fail } from '../../core/failure.ts';
import { callOffFile, type SubmittedRun } from '../../record/arrays.ts';
import type { RunRecord } from '../../record/run-record.ts';
import type { Lock, Store } from '../../store/store.ts';
import type { Emit } from '../course.ts';
import type { ScheduleOutcome } from '../schedule-options.ts';
import { ClusterSchedule, type ClusterScheduleOptions } from './cluster-schedule.ts';
import { hasSaved } from './has-saved.ts';
import { KnownNodes } from './known-nodes.ts';
import { SubmittedArrays } from './submitted-arrays.ts';
import { tryLock } from './try-lock.ts';

/**
 * Makes sure that one process alone follows a run on a cluster.
 *
 * @param store - where locks are
 * @param run - name of the run
 * @returns the lock
 * @throws FailureError `run-followed` where another process does
 */
export async function lockRun(store: Store, run: string): Promise<Lock> {
  const lock = await tryLock(store, `run-${run}`, { patient: false });
  if (typeof lock !== 'string') return lock;
  return fail({
    code: 'run-followed',
    message: `run ${run} goes on in the queue, and ${lock} follows it`,
    fix: `kdpipe attach ${run} shows it`,
  });
}

/** A run that is about to be submitted, or was. */
export interface FollowedRun extends Pick<
  ClusterScheduleOptions,
  'cells' | 'resolver' | 'cluster' | 'clock' | 'leave'
> {
  readonly store: Store;
  readonly record: RunRecord;
  readonly submitted: SubmittedRun;
  /** What has been told of it. */
  readonly past: readonly Event[];
  /** True for what another process may have submitted, in whole or in part. */
  readonly continued: boolean;
}

/**
 * Submits what the queue of a cluster does not have yet of a run, and follows it to its end.
 *
 * @param run - the run
 * @param emit - takes what happens
 * @returns how its cells ended; `left` where it was told to look no longer
 */
export async function followSubmitted(run: FollowedRun, emit: Emit): Promise<ScheduleOutcome> {
  const { cluster, record, submitted, continued } = run;
  const arrays = new SubmittedArrays(record, submitted, cluster);
  const calledOff = callOffFile(record.folder);
  const nodes = new KnownNodes(dirname(dirname(record.folder)));
  const schedule = new ClusterSchedule({
    ...{ ...run, arrays, calledOff, emit },
    hasSaved: (key) => hasSaved(run.store, key),
    noteNode: (request) => nodes.note(request),
  });
  await schedule.submit(continued);
  return schedule.run();
}
