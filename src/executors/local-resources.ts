import { availableParallelism } from 'node:os';
import type { Allocation, StageTask } from '../core/task.ts';
import type { Capacity, ExecutorOptions, StartOptions } from './executor.ts';

/** How long cores stay idle for tasks that may start next, before those that run get them. Milliseconds. */
const settling = 100;

/** What tasks that start together get, until the last of them gives it back. */
export interface SharedAllocation extends Allocation {
  /** Gives it back, once for each task; further calls do nothing. */
  readonly releasers: readonly (() => void)[];
}

/** What is known of those who want a part. */
interface AllocationOptions extends Pick<StartOptions, 'waiting'> {
  /** Told when the number of threads changes. */
  readonly resize?: (threads: number) => void;
}

/** Tasks that share a part, and how many threads they have. */
interface Holder {
  threads: number;
  readonly resize: (threads: number) => void;
}

/** Cores and GPUs of this machine, divided among the tasks that run on it: evenly, also when some of them have ended. */
export class LocalResources {
  readonly capacity: Capacity;
  readonly #threads: number | undefined;
  readonly #gpus: readonly string[];
  readonly #freeGpus: Set<string>;
  /** Tasks or cohorts that run. */
  readonly #running = new Set<Holder>();
  #settled: NodeJS.Timeout | undefined;

  /** @param options - slots, GPUs, and threads where they are given */
  constructor({ slots, threads, gpus }: Pick<ExecutorOptions, 'slots' | 'threads' | 'gpus'>) {
    this.capacity = { slots, gpus: gpus.length };
    this.#threads = threads;
    this.#gpus = gpus;
    this.#freeGpus = new Set(gpus);
  }

  /** Threads of each where so many share the cores. */
  #part(sharing: number): number {
    return this.#threads ?? Math.max(1, Math.floor(availableParallelism() / Math.min(this.capacity.slots, sharing)));
  }

  #divide(sharing: number): void {
    const threads = this.#part(sharing);
    for (const holder of this.#running) {
      if (holder.threads === threads) continue;
      holder.threads = threads;
      holder.resize(threads);
    }
  }

  /**
   * Decides what tasks get that start together: an equal part of the cores, and the first free GPUs.
   *
   * @param tasks - one, or a cohort; all ask for the same
   * @param options - how many more will want a part, and who hears of changes
   * @returns threads, GPUs, and what gives them back
   */
  allocate(tasks: readonly StageTask[], { waiting, resize = () => undefined }: AllocationOptions): SharedAllocation {
    clearTimeout(this.#settled);
    const sharing = this.#running.size + 1 + waiting;
    this.#divide(sharing);
    const holder = { threads: this.#part(sharing), resize };
    this.#running.add(holder);
    const gpus = [...this.#freeGpus].slice(0, tasks[0]?.resources.gpu ?? 0);
    for (const gpu of gpus) this.#freeGpus.delete(gpu);
    const holders = new Set(tasks);
    const release = (task: StageTask): void => {
      if (holders.delete(task) && holders.size === 0) this.#takeBack(holder, gpus);
    };
    return { threads: holder.threads, gpus, releasers: tasks.map((task) => () => release(task)) };
  }

  #takeBack(holder: Holder, gpus: readonly string[]): void {
    this.#running.delete(holder);
    clearTimeout(this.#settled);
    if (this.#running.size) this.#settled = setTimeout(() => this.#divide(this.#running.size), settling).unref();
    if (!gpus.length) return;
    const free = new Set([...this.#freeGpus, ...gpus]);
    this.#freeGpus.clear();
    // In the machine's order, so that the first ones are taken first again.
    for (const gpu of this.#gpus) if (free.has(gpu)) this.#freeGpus.add(gpu);
  }
}
