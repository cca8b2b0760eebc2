import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createDeferred } from '../../util/deferred.ts';
import { lastLines } from '../../util/last-lines.ts';
import { lastWords, runProgram, type ProgramEnd } from '../../util/run-program.ts';
import type { QueueCommands } from '../../core/plan.ts';
import type { Failure } from '../../core/failure.ts';
import { jobFiles, patience, readHandle, type JobDescription } from './job-folder.ts';

/** Most jobs that `status` is asked for at once: command lines have an end. */
const askedAtOnce = 500;

/** How many jobs are submitted, or ended, at once. */
export const programsAtOnce = 4;

/** How the queue sees a job. */
export interface JobSight {
  /** `unknown` for every word but the three. */
  readonly state: 'queued' | 'running' | 'ended' | 'unknown';
  /** What stands behind it; may be empty. */
  readonly reason: string;
}

/** A command line of the user's, to which words are added. */
const shellArguments = (line: string, words: readonly string[]): readonly string[] => [
  '-c',
  `${line.trim()} "$@"`,
  'sh',
  ...words,
];

/** What a job asks for, for `submit`. */
function wishesOf({ name, tasks }: JobDescription): Readonly<Record<string, string>> {
  const [task] = tasks;
  const { cpu = 1, gpu = 0, memory = 0 } = task?.resources ?? {};
  return {
    KDPIPE_JOB: name,
    KDPIPE_JOB_CELL: task?.cell ?? '',
    KDPIPE_JOB_CPU: `${cpu}`,
    KDPIPE_JOB_GPU: `${gpu}`,
    KDPIPE_JOB_MEMORY: `${Math.ceil(memory)}`,
    KDPIPE_JOB_TIME: `${Math.ceil(task?.timeout ?? 0)}`,
  };
}

/**
 * Submits a job. What `submit` prints goes into the job's folder, whether or not this process lives to see it: so a job that was
 * submitted is found again.
 *
 * @param commands - of the user
 * @param folder - the job's folder
 * @param description - what it runs
 * @returns what the queue calls it, or why it was not submitted
 */
export async function submitJob(
  commands: QueueCommands,
  folder: string,
  description: JobDescription,
): Promise<string | Failure> {
  const [handle, output] = [openSync(jobFiles.handle(folder), 'w'), openSync(jobFiles.output(folder), 'a')];
  const ended = createDeferred<number | null>();
  const child = spawn('/bin/sh', shellArguments(commands.submit, [jobFiles.script(folder)]), {
    cwd: description.cwd,
    env: { ...process.env, ...wishesOf(description) },
    stdio: ['ignore', handle, output],
    // Ctrl-C in a terminal does not reach it.
    detached: true,
  });
  for (const file of [handle, output]) closeSync(file);
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  child.once('exit', (code) => ended.resolve(code));
  child.once('error', () => ended.resolve(null));
  const status = await ended.promise;
  clearTimeout(timer);
  const called = status === 0 ? readHandle(folder) : undefined;
  if (called !== undefined) return called;
  const said = [...lastLines(jobFiles.handle(folder), 5), ...lastLines(jobFiles.output(folder), 5)].join('\n');
  const how = status === 0 ? 'did not say what the job is called' : `ended with ${status ?? 'a signal'}`;
  return {
    code: 'not-submitted',
    message: `submit ${how}${said === '' ? '' : `: ${said}`}`,
    expected: 'exit code 0, and one word as the last line of its standard output: what status and cancel get',
    fix: `try it: ${commands.submit.trim()} ${jobFiles.script(folder)}`,
  };
}

/**
 * Reads what `status` printed.
 *
 * @param output - a line each job: what it is called, its state, and why
 * @returns what is known, by what jobs are called
 */
export function parseStatus(output: string): ReadonlyMap<string, JobSight> {
  const sights = new Map<string, JobSight>();
  for (const line of output.split('\n')) {
    const [handle = '', word = '', ...reason] = line.trim().split(/\s+/);
    const state = word === 'queued' || word === 'running' || word === 'ended' ? word : 'unknown';
    if (handle !== '') sights.set(handle, { state, reason: reason.join(' ') });
  }
  return sights;
}

/**
 * Asks how the queue sees jobs.
 *
 * @param commands - of the user
 * @param handles - what the jobs are called
 * @param cwd - folder that the command runs in
 * @returns what is known: nothing of jobs of which `status` says nothing, or where it fails
 */
export async function askStatus(
  commands: QueueCommands,
  handles: readonly string[],
  cwd: string,
): Promise<ReadonlyMap<string, JobSight>> {
  const sights = new Map<string, JobSight>();
  for (let at = 0; at < handles.length; at += askedAtOnce) {
    const end = await runShell(commands.status, handles.slice(at, at + askedAtOnce), cwd);
    if (end.status === 0) for (const [handle, sight] of parseStatus(end.output)) sights.set(handle, sight);
  }
  return sights;
}

/**
 * Ends a job.
 *
 * @param commands - of the user
 * @param handle - what the job is called
 * @param cwd - folder that the command runs in
 * @returns why it may go on; undefined where it is ended
 */
export async function cancelJob(commands: QueueCommands, handle: string, cwd: string): Promise<string | undefined> {
  const { status, said } = await runShell(commands.cancel, [handle], cwd);
  if (status === 0) return undefined;
  return `job ${handle} may go on: cancel ended with ${status ?? 'a signal'}${said === '' ? '' : `: ${lastWords(said)}`}`;
}

const runShell = (line: string, words: readonly string[], cwd: string): Promise<ProgramEnd> =>
  runProgram('/bin/sh', shellArguments(line, words), { cwd, patience });
