import { mkdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { JobRequest } from '../../core/array-job.ts';
import { fail, type Failure } from '../../core/failure.ts';
import { runProgram, type ProgramEnd } from '../../util/run-program.ts';
import { writeWhole } from '../../util/write-whole.ts';
import type { ArrayJob, Cluster, QueueSight, TaskSight } from '../cluster.ts';
import { isOfNodes, isSilence, noSlurm, refusalOf, silenceFailure } from './refusals.ts';
import { requestOptions, sbatchArguments, scriptPath, scriptText } from './sbatch.ts';
import { parseQueue, squeueFormat } from './squeue.ts';
import { meaningOf } from './states.ts';
import { tryNode } from './try-node.ts';

/** Every job of ours is called so, and then by its run. */
const jobPrefix = 'kdpipe-';
/** How long a program of Slurm may take. Milliseconds. */
const patience = 60_000;
/** Pauses before a request is made again that was not answered. Milliseconds. */
const pauses = [2000, 5000, 15_000, 30_000];

/** Runs a program of Slurm. Without this variable `squeue` cuts long lists of indices. */
const ask = (program: string, args: readonly string[], within = patience): Promise<ProgramEnd> =>
  runProgram(program, args, { env: { SLURM_BITSTR_LEN: '0' }, patience: within });

/** The same, again while the controller does not answer: for questions, and what may be done twice. */
async function askAgain(program: string, args: readonly string[]): Promise<ProgramEnd> {
  for (const pause of pauses) {
    const end = await ask(program, args);
    if (!end.found) fail(noSlurm);
    if (!isSilence(end)) return end;
    await setTimeout(pause);
  }
  const end = await ask(program, args);
  return isSilence(end) ? fail(silenceFailure(end.said)) : end;
}

async function open(): Promise<{ readonly largestArray: number }> {
  const { status, output, said } = await askAgain('scontrol', ['show', 'config']);
  if (status !== 0) fail(refusalOf('to show its configuration', said));
  // One more than the largest index.
  return { largestArray: Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(output)?.[1] ?? 1001) };
}

const squeueArguments = ['--me', '--states=all', '--noheader', `--format=${squeueFormat}`];

async function look(within?: number): Promise<QueueSight | undefined> {
  const end = await ask('squeue', squeueArguments, within);
  return end.status === 0 ? parseQueue(end.output, jobPrefix) : undefined;
}

async function find(): Promise<QueueSight['jobs']> {
  const { status, output, said } = await askAgain('squeue', squeueArguments);
  return status === 0 ? parseQueue(output, jobPrefix).jobs : fail(refusalOf('to list the jobs of this user', said));
}

async function submit(job: ArrayJob): Promise<string> {
  const { folder, name } = job;
  // Slurm makes no folders.
  mkdirSync(folder, { recursive: true });
  writeWhole(scriptPath(folder), scriptText(job), { mode: 0o755 });
  let end = await ask('sbatch', sbatchArguments(job));
  if (!end.found) fail(noSlurm);
  for (const pause of pauses) {
    if (!isSilence(end)) break;
    await setTimeout(pause);
    // It may have been heard all the same.
    const found = (await find()).get(name);
    if (found !== undefined) return found;
    end = await ask('sbatch', sbatchArguments(job));
  }
  if (isSilence(end)) fail(silenceFailure(end.said));
  // Behind a semicolon stands the name of the cluster, where there are several.
  const id = /^(\d+)(?:;|$)/m.exec(end.output)?.[1];
  return end.status === 0 && id !== undefined ? id : fail(refusalOf(`job ${name}`, end.said));
}

async function refusal(request: JobRequest): Promise<Failure | undefined> {
  const options = requestOptions(request);
  const { status, said } = await askAgain('sbatch', ['--test-only', ...options, '--wrap=true']);
  if (status === 0 || (isOfNodes(said) && (await areNodesAway()))) return undefined;
  return refusalOf(`a request of ${options.join(' ')}`, said);
}

/** Whether nodes are down, drained or reserved, or a controller that was just started has not heard of them: such a test takes them for nodes that are not there. `sbatch` itself does not. */
async function areNodesAway(): Promise<boolean> {
  const states = [
    'down',
    'drain',
    'drained',
    'draining',
    'fail',
    'maint',
    'no_respond',
    'reboot',
    'reserved',
    'unknown',
  ].join(',');
  const { status, output } = await ask('sinfo', ['--noheader', `--states=${states}`, '--format=%D']);
  return status !== 0 || output.trim() !== '';
}

/** Book-keeping is optional, and so is its answer. */
async function recall(job: string, index: number): Promise<TaskSight | undefined> {
  const task = `--jobs=${job}_${index}`;
  const end = await ask('sacct', [task, '--allocations', '--noheader', '--parsable2', '--format=State']);
  const word = end.status === 0 ? end.output.split('\n')[0]?.trim() : undefined;
  return word ? { state: meaningOf(word), word, reason: '' } : undefined;
}

async function cancel(jobs: readonly string[], which: 'all' | 'waiting'): Promise<void> {
  if (jobs.length === 0) return;
  const { status, said } = await askAgain('scancel', [...(which === 'waiting' ? ['--state=PENDING'] : []), ...jobs]);
  // One that has ended meanwhile is no reason to worry.
  if (status !== 0 && !/invalid job id|already completing|completed/i.test(said)) fail(refusalOf('to cancel', said));
}

/**
 * Slurm, by its programs in `PATH`.
 *
 * @returns the cluster
 */
export const createSlurm = (): Cluster => ({
  ...{ name: 'Slurm', open, refusal, tryNode, submit, look, find, recall, cancel },
});
