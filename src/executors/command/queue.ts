import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fail } from '../../core/failure.ts';
import type { QueueCommands } from '../../core/plan.ts';
import type { StageResult, StageTask } from '../../core/task.ts';
import { Limiter } from '../../util/limiter.ts';
import type { Executor, ExecutorOptions, RunningTask, StartOptions } from '../executor.ts';
import { nextPause } from '../poll.ts';
import { Job } from './job.ts';
import { isBeingSubmitted, readHandle, readJob, writeJob } from './job-folder.ts';
import { askStatus, cancelJob, programsAtOnce, submitJob } from './programs.ts';

/** Shortest pause between two looks at what jobs have written; the looks take at most a tenth of the time. Milliseconds. */
const glance = 200;

/** Name of a task's job: no two jobs of a queue have the same. */
const jobName = ({ run, key, attempt }: StageTask): string =>
  `kdpipe-${run}-${key.slice(0, 12)}-${attempt}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** Jobs of a queue that is reached by three command lines of the user's. */
class CommandQueue implements Executor {
  /** The queue takes all. */
  readonly capacity = { slots: Infinity, gpus: Infinity };
  readonly #commands: QueueCommands;
  readonly #cwd: string;
  readonly #room: Limiter;
  readonly #programs = new Limiter(programsAtOnce);
  /** Those whose end is waited for, by their folders. */
  readonly #jobs = new Map<string, Job>();
  /** What is under way for jobs that nobody waits for any more. */
  readonly #errands = new Set<Promise<void>>();
  #following: Promise<void> | undefined;

  constructor(commands: QueueCommands, cwd: string) {
    this.#commands = commands;
    this.#cwd = cwd;
    this.#room = new Limiter(commands.jobs ?? Infinity);
  }

  start(tasks: readonly StageTask[], { tell }: StartOptions): readonly RunningTask[] {
    const [first] = tasks;
    if (!first) return [];
    const description = { name: jobName(first), tasks, cwd: this.#cwd };
    const job = new Job(join(first.folder, `job-${first.attempt}`), description);
    const running = tasks.map(({ cell }) =>
      this.#running(
        job,
        job.follow(cell, (message) => tell(cell, message)),
      ),
    );
    this.#errand(
      this.#room.run(async () => {
        await this.#submit(job);
        await Promise.all(running.map(({ result }) => result));
      }),
    );
    return running;
  }

  attach(folder: string, task: StageTask, options: StartOptions): RunningTask | undefined {
    const known = this.#jobs.get(folder);
    const description = known?.description ?? readJob(folder);
    const left = description?.tasks.find(({ key }) => key === task.key);
    if (!description || !left) return undefined;
    const job = known ?? new Job(folder, description);
    job.handle ??= readHandle(folder);
    const result = job.follow(left.cell, (message) => options.tell(task.cell, message));
    let now = this.#running(job, result);
    if (!known) {
      this.#follow(job);
      this.#errand(this.#awaitHandle(job));
    }
    return {
      result: now.result.then((end) => {
        if (end.status === 'failed' && end.failure.code === 'job-lost' && !job.calledOff) {
          const [anew] = this.start([{ ...task, cohort: [] }], options);
          if (anew) now = anew;
          return now.result;
        }
        takeOver(left, task);
        return end;
      }),
      interrupt: () => now.interrupt(),
      kill: () => now.kill(),
    };
  }

  #running(job: Job, result: Promise<StageResult>): RunningTask {
    return {
      result,
      interrupt: () => this.#callOff(job),
      kill: () => {
        this.#callOff(job);
        job.settle({ status: 'interrupted' });
      },
    };
  }

  /** Ends a job; of one that is not submitted yet nothing comes. */
  #callOff(job: Job): void {
    if (job.calledOff) return;
    job.calledOff = true;
    if (job.handle !== undefined) this.#errand(this.#cancel(job, job.handle));
  }

  async #cancel(job: Job, handle: string): Promise<void> {
    const message = await this.#programs.run(() => cancelJob(this.#commands, handle, this.#cwd));
    if (message !== undefined) job.tell({ type: 'warning', message });
  }

  async #submit(job: Job): Promise<void> {
    const { folder, description } = job;
    const handle = await this.#programs.run(() => {
      if (job.calledOff) return Promise.resolve(undefined);
      writeJob(folder, description);
      return submitJob(this.#commands, folder, description);
    });
    if (handle === undefined) job.settle({ status: 'interrupted' });
    else if (typeof handle === 'object') job.settle({ status: 'failed', failure: handle, tail: [] });
    else await this.#isSubmitted(job, handle);
  }

  async #isSubmitted(job: Job, handle: string): Promise<void> {
    job.submitted(handle);
    this.#follow(job);
    if (job.calledOff) await this.#cancel(job, handle);
  }

  /** Whoever submitted a job may have died before it was said what the job is called: `submit` says it all the same. */
  async #awaitHandle(job: Job): Promise<void> {
    if (job.handle !== undefined) return;
    while (job.isOpen && isBeingSubmitted(job.folder)) {
      const handle = readHandle(job.folder);
      if (handle !== undefined) return this.#isSubmitted(job, handle);
      await setTimeout(glance);
    }
    if (job.isOpen) await this.#submit(job);
  }

  #errand(errand: Promise<void>): void {
    const done = errand.finally(() => this.#errands.delete(done));
    this.#errands.add(done);
  }

  #follow(job: Job): void {
    this.#jobs.set(job.folder, job);
    this.#following ??= this.#followAll().finally(() => (this.#following = undefined));
  }

  /** Reads what jobs write, and asks the queue for those that are not done, ever less often while nothing happens. */
  async #followAll(): Promise<void> {
    let pause = nextPause(0, false);
    let due = performance.now() + pause * 1000;
    while (this.#jobs.size > 0) {
      const start = performance.now();
      const before = this.#jobs.size;
      for (const job of this.#jobs.values()) job.read();
      this.#forgetEnded();
      if (start >= due && this.#jobs.size > 0) {
        await this.#judge();
        pause = nextPause(pause, this.#jobs.size < before);
        due = performance.now() + pause * 1000;
      }
      await setTimeout(Math.max(glance, 10 * (performance.now() - start)));
    }
  }

  async #judge(): Promise<void> {
    const jobs = [...this.#jobs.values()].filter(({ handle }) => handle !== undefined);
    const sights = await askStatus(
      this.#commands,
      jobs.flatMap(({ handle = [] }) => handle),
      this.#cwd,
    );
    for (const job of jobs) job.judge(sights.get(job.handle ?? ''));
    this.#forgetEnded();
  }

  #forgetEnded(): void {
    for (const [folder, job] of this.#jobs) if (!job.isOpen) this.#jobs.delete(folder);
  }

  async close(): Promise<void> {
    for (const job of this.#jobs.values()) this.#callOff(job);
    while (this.#errands.size > 0) await Promise.all(this.#errands);
    await this.#following;
  }
}

/** Puts what a task has left in the record of an earlier run into that of this one: its log, and the rows of its metrics. */
function takeOver(left: StageTask, task: StageTask): void {
  try {
    cpSync(left.folder, task.folder, { recursive: true, filter: (path) => !/^job-\d+$/.test(basename(path)) });
  } catch {
    // It stands in the record of the run that submitted it.
  }
}

/**
 * Submits tasks to a queue by three command lines of the user's.
 *
 * @param options - the command lines, and the folder that they run in
 * @returns the executor
 * @throws FailureError `no-commands` where the pipeline has none
 */
export function createCommandQueue(options: ExecutorOptions): Executor {
  const { commands, cwd = process.cwd() } = options;
  if (commands) return new CommandQueue(commands, cwd);
  return fail({
    code: 'no-commands',
    message: 'the executor "command" submits stages with programs of yours, and the pipeline names none',
    expected: 'command: { submit: …, status: …, cancel: … } at the top of the pipeline file',
  });
}
