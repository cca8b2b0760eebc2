import { join } from 'node:path';
import type { Failure } from '../core/failure.ts';
import type { StageResult, StageTask, TaskMessage } from '../core/task.ts';
import type { RunningTask } from '../executors/executor.ts';
import type { Clock } from '../util/clock.ts';
import { lastLines } from '../util/last-lines.ts';

/** How long a stage whose time is over may take to save what it has before it is killed. Milliseconds. */
const grace = 15_000;

/** One attempt of a cell, under its time limit. */
export class Attempt {
  readonly #task: StageTask;
  readonly #clock: Clock;
  readonly #limit: number;
  #running: RunningTask | undefined;
  #disarm: () => void = () => undefined;
  #timedOut = false;

  /**
   * @param task - what runs; its `timeout` is the limit, which counts from now on
   * @param clock - measures the limit
   */
  constructor(task: StageTask, clock: Clock) {
    this.#task = task;
    this.#clock = clock;
    this.#limit = task.timeout * 1000;
    this.#arm();
  }

  /**
   * Takes note of a message: neither waiting in a queue or for another run nor writing the result is the stage's own time.
   *
   * @param message - of the task
   */
  receive({ type }: TaskMessage): void {
    if (type === 'queued' || type === 'waiting' || type === 'committing') this.#disarm();
    if (type === 'acquired') this.#arm();
  }

  /**
   * Waits for the task's end.
   *
   * @param running - the task, as an executor has started it
   * @returns how it ended
   */
  async finish(running: RunningTask): Promise<StageResult> {
    this.#running = running;
    const result = await running.result;
    this.#disarm();
    return this.#timedOut && result.status === 'interrupted' ? timeoutResult(this.#task) : result;
  }

  interrupt(): void {
    this.#running?.interrupt();
  }

  kill(): void {
    this.#running?.kill();
  }

  #arm(): void {
    this.#disarm();
    if (this.#limit > 0) this.#disarm = this.#clock.after(this.#limit, () => this.#expire());
  }

  #expire(): void {
    this.#timedOut = true;
    this.#disarm = this.#clock.after(grace, () => this.kill());
    this.interrupt();
  }
}

function timeoutResult(task: StageTask): StageResult {
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
export function stoppedResult(task: StageTask): StageResult {
  return failedResult(task, { code: 'stopped', message: 'the stage was stopped from outside of kdpipe' });
}

function failedResult(task: StageTask, failure: Failure): StageResult {
  return { status: 'failed', failure, tail: lastLines(join(task.folder, 'log.txt')) };
}
