import { Command } from 'commander';
import { ownJob, requeue } from '../../executors/slurm/job.ts';
import { arrayTask } from '../../project/array-task.ts';
import { queuedJob } from '../../project/queued-job.ts';
import { exitCodes } from '../exit.ts';
import { examples, wholeNumber } from '../options.ts';
import { printError } from '../terminal.ts';

/** Exit codes; what waits for a task in the queue goes on after 0 alone. */
const codes = { done: exitCodes.done, failed: exitCodes.stageFailed, interrupted: exitCodes.interrupted } as const;

/**
 * `kdpipe task`: runs one task of an array, or a job of a queue. The scripts that `kdpipe run` submits call it on the nodes; a
 * person may do so as well.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('task')
    .argument('<folder>', 'folder of an array, runs/<pipeline>/<run>/arrays/<array>, or of a job, with task.json')
    .argument('[index]', 'index of a task in an array', wholeNumber)
    .addHelpText('after', examples('kdpipe task runs/study/20261130T101112131Z-0a1b2c/arrays/student 3'))
    .action(async (folder: string, index: number | undefined) => {
      process.exitCode = await task(folder, index);
    });
}

async function task(folder: string, index: number | undefined): Promise<number> {
  const stop = new AbortController();
  const timeUp = new AbortController();
  // Sent some time before the time limit; SIGTERM comes before a job is ended: cancelled, preempted, or over its limit.
  process.on('SIGUSR1', () => {
    timeUp.abort();
    stop.abort();
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  if (index === undefined) return codes[await queuedJob(folder, stop.signal)];
  const { job, restarts, threads } = ownJob(process.env);
  const end = await arrayTask(folder, index, { job, restarts, threads, signal: stop.signal, timeUp: timeUp.signal });
  if (end === 'interrupted' && timeUp.signal.aborted) {
    printError(`the time of job ${job} is over: it goes back into the queue, and goes on from what it has saved`);
    if (!(await requeue(job))) printError(`job ${job} cannot be put back into the queue`);
  }
  return codes[end];
}
