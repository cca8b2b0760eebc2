import { availableParallelism } from 'node:os';
import type { Allocation, StageTask } from '../core/task.ts';
import type { Capacity, ExecutorOptions, StartOptions } from './executor.ts';

/** What tasks that start together get, until the last of them gives it back. */
export interface SharedAllocation extends Allocation {
  /** Gives it back, once for each task; further calls do nothing. */
  readonly releasers: readonly (() => void)[];
}

/** Cores and GPUs of this machine, divided among the tasks that run on it. */
export class LocalResources {
  readonly capacity: Capacity;
  readonly #threads: number | undefined;
  readonly #gpus: readonly string[];
  readonly #freeGpus: Set<string>;
  /** Tasks or cohorts that run. */
  #running = 0;

  /** @param options - slots, GPUs, and threads where they are given */
  constructor({ slots, threads, gpus }: Pick<ExecutorOptions, 'slots' | 'threads' | 'gpus'>) {
    this.capacity = { slots, gpus: gpus.length };
    this.#threads = threads;
    this.#gpus = gpus;
    this.#freeGpus = new Set(gpus);
  }

  /**
   * Decides what tasks get that start together: an equal part of the cores, and the first free GPUs.
   *
   * @param tasks - one, or a cohort; all ask for the same
   * @param options - how many more will want a part
   * @returns threads, GPUs, and what gives them back
   */
  allocate(tasks: readonly StageTask[], { waiting }: Pick<StartOptions, 'waiting'>): SharedAllocation {
    this.#running++;
    const sharing = Math.min(this.capacity.slots, this.#running + waiting);
    const gpus = [...this.#freeGpus].slice(0, tasks[0]?.resources.gpu ?? 0);
    for (const gpu of gpus) this.#freeGpus.delete(gpu);
    const holders = new Set(tasks);
    const release = (task: StageTask): void => {
      if (holders.delete(task) && holders.size === 0) this.#takeBack(gpus);
    };
    return {
      threads: this.#threads ?? Math.max(1, Math.floor(availableParallelism() / sharing)),
      gpus,
      releasers: tasks.map((task) => () => release(task)),
    };
  }

  #takeBack(gpus: readonly string[]): void {
    this.#running--;
    if (!gpus.length) return;
    const free = new Set([...this.#freeGpus, ...gpus]);
    this.#freeGpus.clear();
    // In the machine's order, so that the first ones are taken first again.
    for (const gpu of this.#gpus) if (free.has(gpu)) this.#freeGpus.add(gpu);
  }
}
