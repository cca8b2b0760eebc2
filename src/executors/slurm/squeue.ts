import type { QueueSight, TaskSight } from '../cluster.ts';
import { obstacleOf } from './obstacles.ts';
import { meaningOf } from './states.ts';

/** What `squeue` prints of each job: id of the array, indices, state, reason, and the name, which may hold anything. */
export const squeueFormat = '%F|%K|%T|%r|%j';

/** More indices than any array has: a line that says so is damaged. */
const mostIndices = 4_000_000;

/**
 * Reads the indices of an array as Slurm writes them.
 *
 * @param text - `3`, `0-9`, `1,5-9`, `0-98:2`, with `%4` behind where few may run at once
 * @returns the indices; empty where the text is none of that
 */
export function parseIndices(text: string): readonly number[] {
  const indices: number[] = [];
  for (const part of text.replace(/%\d+$/, '').split(',')) {
    const [, first, last, step] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ?? [];
    if (first === undefined) return [];
    const [from, to, by] = [Number(first), Number(last ?? first), Math.max(1, Number(step ?? 1))];
    if (to - from > mostIndices) return [];
    for (let index = from; index <= to; index += by) indices.push(index);
  }
  return indices;
}

/**
 * Writes indices as Slurm reads them.
 *
 * @param indices - ascending
 * @returns e.g. `0-4,7`
 */
export function indexExpression(indices: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run?.[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/**
 * Reads what `squeue` printed in {@link squeueFormat}.
 *
 * @param output - its standard output
 * @param prefix - of the names of the jobs that are asked for
 * @returns the queue
 */
export function parseQueue(output: string, prefix: string): QueueSight {
  const jobs = new Map<string, string>();
  const tasks = new Map<string, Map<number, TaskSight>>();
  for (const line of output.split('\n')) {
    const [job = '', indices = '', word = '', reason = '', ...rest] = line.split('|');
    const name = rest.join('|');
    if (!name.startsWith(prefix)) continue;
    jobs.set(name, job);
    const state = meaningOf(word);
    const obstacle = state === 'queued' ? obstacleOf(job, reason) : undefined;
    const sight = { state, word, reason: reason === 'None' ? '' : reason, ...(obstacle && { obstacle }) };
    const ofJob = tasks.get(job) ?? new Map<number, TaskSight>();
    tasks.set(job, ofJob);
    for (const index of parseIndices(indices)) ofJob.set(index, sight);
  }
  return { jobs, task: (job, index) => tasks.get(job)?.get(index) };
}
