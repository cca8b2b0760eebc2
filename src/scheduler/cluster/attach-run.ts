import { basename } from 'node:path';
import type { EventSink, RunStatus } from '../../core/event.ts';
import { fail } from '../../core/failure.ts';
import type { CellId } from '../../core/plan.ts';
import type { Cluster } from '../../executors/cluster.ts';
import { arrayFolder, callOffFile, readJob, readSubmitted, type SubmittedRun } from '../../record/arrays.ts';
import { readEvents, readRun, startOf } from '../../record/past-runs.ts';
import { openRecord } from '../../record/run-record.ts';
import type { Entry, Store } from '../../store/store.ts';
import { systemClock } from '../../util/clock.ts';
import { identifyProcess } from '../../util/process-identity.ts';
import { writeWhole } from '../../util/write-whole.ts';
import type { Emit } from '../course.ts';
import { followSubmitted, lockRun } from './follow-submitted.ts';
import { jobName } from './submitted-arrays.ts';

/** With what a run on a cluster is gone on with. */
export interface AttachOptions {
  readonly store: Store;
  readonly cluster: Cluster;
  /** Takes every event, from the first. */
  readonly onEvent: EventSink;
  /** Aborted to look no longer; the run goes on. */
  readonly signal: AbortSignal;
  /** The command line, for the record. */
  readonly command: string;
}

/**
 * Reads what a run has submitted.
 *
 * @param folder - the run's folder
 * @returns its arrays
 * @throws FailureError `not-on-a-cluster`
 */
export function submittedOf(folder: string): SubmittedRun {
  const submitted = readSubmitted(folder);
  if (submitted) return submitted;
  return fail({
    code: 'not-on-a-cluster',
    message: `run ${basename(folder)} was not submitted to a cluster`,
    expected: 'a run of kdpipe run --executor slurm',
  });
}

/** What is known of results without planning anew: that they are there. */
function knownResults(store: Store) {
  const entries = new Map<CellId, Entry>();
  const settle = (cell: CellId, key: string): void => {
    const entry = store.find(key);
    if (!entry) throw new Error(`the result ${key} of ${cell} is not in the store`);
    entries.set(cell, entry);
  };
  return { entries, settle };
}

/**
 * Goes on with a run on a cluster, from its record alone, in place of the process that submitted it: follows it to its end, and
 * writes that into the record. Tables are not written: they are made of the pipeline file.
 *
 * @param folder - the run's folder
 * @param options - store, cluster, and who takes the events
 * @returns how it ended; `left` where it was told to look no longer
 * @throws FailureError `run-followed` where another process follows it
 */
export async function attachRun(folder: string, options: AttachOptions): Promise<RunStatus | 'left'> {
  const { store, cluster, onEvent, signal: leave, command } = options;
  const submitted = submittedOf(folder);
  const { plan, run } = readRun(folder);
  const lock = await lockRun(store, run);
  const past = readEvents(folder);
  const record = openRecord(folder, plan);
  const emit: Emit = (body, at = Date.now()) => {
    const event = { ...body, at };
    record.sink(event);
    onEvent(event);
  };
  try {
    for (const event of past) onEvent(event);
    const last = past.at(-1);
    if (last?.type === 'run-finished') return last.status;
    emit({ type: 'run-resumed', process: identifyProcess(), command });
    const selected = new Set(submitted.arrays.flatMap(({ tasks }) => tasks.flatMap(([, cells]) => cells)));
    for (const event of past) if ('cell' in event) selected.add(event.cell);
    const cells = plan.cells.filter(({ id }) => selected.has(id));
    const resolver = knownResults(store);
    const followed = { cells, resolver, store, cluster, clock: systemClock, leave, record, submitted, past };
    const { states: _, ...ended } = await followSubmitted({ ...followed, continued: true }, emit);
    const { status } = ended;
    if (status !== 'left')
      emit({ type: 'run-finished', ...ended, status, seconds: (Date.now() - startOf(run)) / 1000 });
    return status;
  } finally {
    record.close();
    await lock.release();
  }
}

/**
 * Cancels all jobs of a run.
 *
 * @param folder - the run's folder
 * @param cluster - where it is
 * @returns how many arrays were cancelled
 * @throws FailureError where it was not submitted, or the cluster does not answer
 */
export async function cancelRun(folder: string, cluster: Cluster): Promise<number> {
  const { arrays } = submittedOf(folder);
  const found = await cluster.find();
  const jobs = arrays.flatMap(
    ({ name }) => readJob(arrayFolder(folder, name)) ?? found.get(jobName(basename(folder), name)) ?? [],
  );
  // First of all, for what the queue ends may end well meanwhile.
  writeWhole(callOffFile(folder), '', { flush: true });
  await cluster.cancel(jobs, 'all');
  return jobs.length;
}
