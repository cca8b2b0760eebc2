import { join } from 'node:path';
import type { Failure } from '../core/failure.ts';
import type { StageResult, StageTask, TaskMessage } from '../core/task.ts';
import type { Executor, RunningTask } from '../executors/executor.ts';
import type { Clock } from '../util/clock.ts';
import { lastLines } from '../util/last-lines.ts';

/** How long a stage whose time is over may take to save what it has before it is killed. Milliseconds. */
const grace = 15_000;

/** One attempt of a cell, under its time limit. */
export class Attempt {
  /** How it ended. */
  readonly result: Promise<StageResult>;
  readonly #running: RunningTask;
  readonly #clock: Clock;
  readonly #limit: number;
  #disarm: () => void = () => undefined;
  #timedOut = false;

  /**
   * @param executor - starts the task
   * @param task - what to run; its `timeout` is the limit
   * @param clock - measures the limit
   * @param tell - takes the task's messages
   */
  constructor(executor: Executor, task: StageTask, clock: Clock, tell: (message: TaskMessage) => void) {
    this.#clock = clock;
    this.#limit = task.timeout * 1000;
    this.#arm();
    this.#running = executor.start(task, (message) => {
      // Neither waiting for another run nor writing the result is the stage's own time.
      if (message.type === 'waiting' || message.type === 'committing') this.#disarm();
      if (message.type === 'acquired') this.#arm();
      tell(message);
    });
    this.result = this.#running.result.then((result) => this.#judge(task, result));
  }

  interrupt(): void {
    this.#running.interrupt();
  }

  kill(): void {
    this.#running.kill();
  }

  #arm(): void {
    if (this.#limit > 0) this.#disarm = this.#clock.after(this.#limit, () => this.#expire());
  }

  #judge(task: StageTask, result: StageResult): StageResult {
    this.#disarm();
    return this.#timedOut && result.status === 'interrupted' ? timedOut(task) : result;
  }

  #expire(): void {
    this.#timedOut = true;
    this.#disarm = this.#clock.after(grace, () => this.#running.kill());
    this.#running.interrupt();
  }
}

function timedOut(task: StageTask): StageResult {
  return failedResult(task, {
    code: 'timed-out',
    message: `the stage did not end within ${task.timeout} s`,
    fix: 'give it a longer timeout; a stage that saves checkpoints goes on from the last one',
  });
}

/**
 * The result of an attempt that was interrupted, but not by this run.
 *
 * @param task - the attempt's task
 * @returns a failure with the last lines of the log
 */
export function stoppedFromOutside(task: StageTask): StageResult {
  return failedResult(task, { code: 'stopped', message: 'the stage was stopped from outside of kdpipe' });
}

function failedResult(task: StageTask, failure: Failure): StageResult {
  return { status: 'failed', failure, tail: lastLines(join(task.folder, 'log.txt')) };
}
