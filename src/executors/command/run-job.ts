import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { fail, type Failure } from '../../core/failure.ts';
import { redactor } from '../../core/secrets.ts';
import type { StageResult } from '../../core/task.ts';
import { pluralize } from '../../util/text.ts';
import type { ExecutorFactory, ExecutorOptions } from '../executor.ts';
import { findGpus } from '../gpus.ts';
import { jobFiles, readJob, type JobDescription, type JobMessage } from './job-folder.ts';

/** What a job runs with. */
export interface JobOptions extends Pick<ExecutorOptions, 'kinds'> {
  readonly openStore: (root: string) => ExecutorOptions['store'];
  /** Runs the tasks on this machine. */
  readonly executor: ExecutorFactory;
  /** Aborted to save what there is and stop. */
  readonly interrupt: AbortSignal;
}

/** Writes what a job tells. */
class MessageLog {
  readonly #file: number;
  readonly #redact;

  constructor(folder: string, { tasks }: JobDescription) {
    const secrets = tasks.flatMap((task) => task.secrets ?? []);
    this.#file = openSync(jobFiles.messages(folder), 'a', secrets.length > 0 ? 0o600 : 0o666);
    this.#redact = redactor(secrets);
  }

  write(message: JobMessage): void {
    writeSync(this.#file, `${JSON.stringify(this.#redact.json(message))}\n`);
    if (message.type === 'ended') fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function missingGpus(asked: number, gpus: readonly string[]): Failure | undefined {
  if (gpus.length >= asked) return undefined;
  return {
    code: 'not-enough-gpus',
    message: `the stage asks for ${pluralize(asked, 'GPU')}, but ${hostname()} gives it ${gpus.length || 'none'}`,
    fix: 'submit has to ask for as many as KDPIPE_JOB_GPU says, and KDPIPE_GPUS=0,1 names them where they are not found',
  };
}

async function runTasks(
  { tasks, cwd }: JobDescription,
  options: JobOptions,
  log: MessageLog,
): Promise<readonly StageResult[]> {
  const [first] = tasks;
  if (!first) return [];
  const { cpu, gpu } = first.resources;
  const gpus = gpu > 0 ? await findGpus(process.env) : [];
  const failure = missingGpus(gpu, gpus);
  if (failure) {
    const result = { status: 'failed', failure, tail: [] } as const;
    for (const { cell } of tasks) log.write({ type: 'ended', cell, result });
    return [result];
  }
  const store = options.openStore(first.store);
  const { kinds } = options;
  const executor = await options.executor({ slots: cpu, threads: cpu, gpus, cwd, store, kinds });
  const running = executor.start(tasks, {
    waiting: 0,
    tell: (cell, message) => log.write({ type: 'told', cell, message }),
  });
  const onInterrupt = () => {
    for (const task of running) task.interrupt();
  };
  if (options.interrupt.aborted) onInterrupt();
  options.interrupt.addEventListener('abort', onInterrupt);
  try {
    return await Promise.all(
      running.map(async (task, at) => {
        const result = await task.result;
        log.write({ type: 'ended', cell: tasks[at]?.cell ?? '', result });
        return result;
      }),
    );
  } finally {
    options.interrupt.removeEventListener('abort', onInterrupt);
    await executor.close();
  }
}

/**
 * Runs a job where its queue has started it, and writes into its folder what it tells and how it ends.
 *
 * @param folder - absolute path of the job's folder
 * @param options - what it runs with
 * @returns `done` where each task has a result
 * @throws FailureError where the folder describes no job
 */
export async function runJob(folder: string, options: JobOptions): Promise<'done' | 'failed' | 'interrupted'> {
  const description = readJob(folder);
  if (!description)
    return fail({
      code: 'no-such-task',
      message: `${basename(folder)} describes no job`,
      expected: 'the folder of a job: runs/<pipeline>/<run>/stages/<cell>/job-<attempt>',
      fix: 'a folder that the submitting machine has and a node lacks has to lie on a disk that they share',
    });
  const log = new MessageLog(folder, description);
  try {
    log.write({ type: 'began', host: hostname(), at: Date.now() });
    const states = new Set((await runTasks(description, options, log)).map(({ status }) => status));
    if (states.has('interrupted')) return 'interrupted';
    return states.has('failed') || states.has('tainted') ? 'failed' : 'done';
  } finally {
    log.close();
  }
}
