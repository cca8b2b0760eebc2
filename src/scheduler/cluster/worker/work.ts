import { existsSync } from 'node:fs';
import type { CellId, Resources } from '../../../core/plan.ts';
import { callOffFile, taskFiles } from '../../../record/arrays.ts';
import { pass, systemClock } from '../../../util/clock.ts';
import { runArrayTask } from '../array-task.ts';
import type { ArrayTaskOptions } from '../task-cells.ts';
import { KeptOpen } from './kept-open.ts';
import { OpenTasks, type OpenTask } from './open-tasks.ts';

/** Pause between two looks for a task while others run those that are ready. Milliseconds. */
const glance = 1000;

/** With what a worker works. */
export interface WorkOptions extends Omit<ArrayTaskOptions, 'restarts' | 'timeUp'> {
  /** What it may use; no memory means that it is not known how much. */
  readonly has: Resources;
  /** Told of each task that it has run. */
  readonly onTask: (cells: readonly CellId[], end: 'done' | 'failed') => void;
}

/** What came of it. */
export interface WorkEnd {
  /** Tasks that it has run. */
  readonly done: number;
  readonly failed: number;
  /** Tasks of the run that are left, and how many of them ask for more than there is. */
  readonly left: number;
  readonly tooLarge: number;
}

const fits = ({ cpu, gpu, memory }: Resources, has: Resources): boolean =>
  cpu <= has.cpu && gpu <= has.gpu && (has.memory === 0 || memory <= has.memory);

/** Runs tasks of a run in this process, one after the other. */
class Worker {
  readonly #tasks: OpenTasks;
  readonly #options: WorkOptions;
  readonly #run: string;
  readonly #kept: KeptOpen;
  #done = 0;
  #failed = 0;

  constructor(run: string, options: WorkOptions) {
    this.#run = run;
    this.#tasks = new OpenTasks(run);
    this.#options = options;
    this.#kept = new KeptOpen(options.executor, options.openStore);
  }

  get #isOver(): boolean {
    return this.#options.interrupt.aborted || this.#tasks.isHalted || existsSync(callOffFile(this.#run));
  }

  async work(): Promise<WorkEnd> {
    const { interrupt, has } = this.#options;
    try {
      for (;;) {
        this.#tasks.read();
        const ends = this.#isOver ? new Set() : await this.#runReady();
        if (ends.size === 0) break;
        if (ends.size === 1 && ends.has('busy')) await pass(systemClock, glance, interrupt);
      }
      const { open } = this.#tasks;
      const tooLarge = open.filter(({ resources }) => !fits(resources, has)).length;
      return { done: this.#done, failed: this.#failed, left: open.length, tooLarge };
    } finally {
      await this.#kept.close();
    }
  }

  /** Runs what is ready by now and nobody else runs; how that went, each way once. */
  async #runReady(): Promise<ReadonlySet<string>> {
    const ends = new Set<string>();
    const ready = this.#tasks.open.filter(
      (task) => fits(task.resources, this.#options.has) && this.#tasks.isReady(task),
    );
    for (const task of ready) {
      if (this.#isOver) break;
      ends.add(await this.#runOne(task));
      // What waits for it is skipped, or nothing new is started.
      if (ends.has('failed')) break;
    }
    return ends;
  }

  async #runOne({ folder, index, cells }: OpenTask): Promise<string> {
    if (existsSync(taskFiles.end(folder, index))) return 'done';
    const { executor, store: openStore } = this.#kept;
    const end = await runArrayTask(folder, index, { ...this.#options, restarts: 0, executor, openStore }, 'try');
    if (end !== 'done' && end !== 'failed') return end;
    if (end === 'done') this.#done += 1;
    else this.#failed += 1;
    this.#options.onTask(cells, end);
    return end;
  }
}

/**
 * Runs tasks of a run that was submitted to a cluster, one after the other, in the place of their own jobs: those that are ready, that
 * ask for no more than there is, and that nobody else runs.
 *
 * @param run - absolute path of the run's folder
 * @param options - with what
 * @returns what was done, once nothing is left that it could run or that others run just now, or it was interrupted
 */
export const work = (run: string, options: WorkOptions): Promise<WorkEnd> => new Worker(run, options).work();
