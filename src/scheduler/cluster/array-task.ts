import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { hasResult } from '../../core/cell-state.ts';
import type { Failure } from '../../core/failure.ts';
import { stateAfter } from '../../core/run-state.ts';
import { expectedFailures } from '../../core/system-failure.ts';
import { callOffFile, readTaskEnd, taskFiles, writeTaskEnd, type CellEnd } from '../../record/arrays.ts';
import { hasSaved } from './has-saved.ts';
import { describeTask, resolverOf, runCells, type ArrayTaskOptions, type NodeTask } from './task-cells.ts';
import { TaskLog } from './task-log.ts';
import { tryLock } from './try-lock.ts';

/** How a task ended; `busy`: somebody else runs it, or has. */
export type ArrayTaskEnd = 'done' | 'failed' | 'interrupted' | 'busy';

/** In place of the id of a job, for a script that somebody runs. */
const byHand = '-';

const outOfTime: Failure = {
  code: 'time-over',
  message: 'the time of the job was over before anything was saved that the next one could go on from',
  fix: 'ask for more time: slurm: { time: … }',
};

const isResult = ({ event }: Pick<CellEnd, 'event'>): boolean => {
  const state = stateAfter(event);
  return state !== undefined && hasResult(state);
};

/** Runs the cells; what keeps them all from running is the failure of each. */
async function perform(task: NodeTask, log: TaskLog): Promise<void> {
  try {
    await runCells(task);
  } catch (error) {
    const [failure] = expectedFailures(error) ?? [];
    if (!failure) throw error;
    failRest(task, log, failure);
  }
}

function failRest({ cells }: NodeTask, log: TaskLog, failure: Failure): void {
  for (const { id: cell } of cells) {
    const event = log.ends.get(cell);
    if (!event || event.type === 'stage-interrupted')
      log.emit({ type: 'stage-failed', cell, key: log.keyOf(cell), failure, tail: [] });
  }
}

/** Whether it makes sense to start a task again whose time was over: each start has to get further than the one before, or could not. */
const hasGained = ({ store }: NodeTask, log: TaskLog): boolean =>
  log.isWaiting ||
  [...log.ends.values()].some(({ type }) => type === 'stage-finished') ||
  log.advanced.some((key) => hasSaved(store, key));

/** Runs a task that nobody else runs. */
async function runClaimed(task: NodeTask, log: TaskLog): Promise<readonly CellEnd[] | 'interrupted'> {
  const { options, run, resolver } = task;
  const { interrupt, timeUp } = options;
  await perform(task, log);
  const ends = () => [...log.ends.values()];
  const isInterrupted = interrupt.aborted
    ? ends().some(({ type }) => type === 'stage-interrupted')
    : !ends().every((event) => isResult({ event })) && existsSync(callOffFile(run));
  if (isInterrupted && !(timeUp?.aborted && !hasGained(task, log))) return 'interrupted';
  if (isInterrupted) failRest(task, log, outOfTime);
  return [...log.ends].map(([cell, event]): CellEnd => {
    const outputs = Object.entries(resolver.entries.get(cell)?.outputs ?? {});
    return { event, outputs: Object.fromEntries(outputs.map(([name, { digest }]) => [name, digest])) };
  });
}

/**
 * Runs one task of an array, on the node that the queue gave it: finds the keys of its cells from what other tasks have made,
 * reuses or runs them, and says in the run's record how they ended, as its last act. What has said so is not run again, unless it
 * failed and this very job was put back into the queue, or somebody runs it by hand.
 *
 * @param folder - absolute path of the array's folder
 * @param index - of the task
 * @param options - what it runs with
 * @param claim - what to do while somebody else runs it
 * @returns `done` where each cell has a result; `interrupted` where the task was, and left no word: it may be started again
 * @throws FailureError when there is no such task
 */
export async function runArrayTask(
  folder: string,
  index: number,
  options: ArrayTaskOptions,
  claim: 'wait' | 'try' = 'wait',
): Promise<ArrayTaskEnd> {
  const started = Date.now();
  const opened = describeTask(folder, index);
  const { run, description } = opened;
  if (existsSync(callOffFile(run))) return 'interrupted';
  const { interrupt, job, restarts } = options;
  const store = options.openStore(description.store);
  const lock = await tryLock(store, `task-${description.run}-${basename(folder)}-${index}`, {
    ...{ patient: claim === 'wait', interrupt },
  });
  if (typeof lock === 'string') return lock === '' ? 'interrupted' : 'busy';
  try {
    const word = taskFiles.end(folder, index);
    const before = readTaskEnd(word);
    const isDone = before?.cells.every(isResult);
    if (before && claim === 'try') return 'busy';
    if (before && (isDone || (job !== byHand && job !== before.job))) return isDone ? 'done' : 'failed';
    const log = new TaskLog(taskFiles.events(folder, index), description.secrets);
    const resolver = resolverOf(opened, options, store);
    const cells = await runClaimed({ ...opened, options, store, resolver, emit: log.emit }, log).finally(() =>
      log.close(),
    );
    // Whoever has taken it over says how it ended.
    if (cells === 'interrupted' || !(await lock.isHeld())) return 'interrupted';
    const by = claim === 'try' ? { byWorker: true } : {};
    const gpus = process.env['CUDA_VISIBLE_DEVICES']?.split(',') ?? [];
    writeTaskEnd(word, { job, restarts, host: hostname(), gpus, started, ended: Date.now(), cells, ...by });
    return cells.every(isResult) ? 'done' : 'failed';
  } finally {
    await lock.release();
  }
}
