import { WorkerProcess } from './worker-process.ts';

/** The worker processes of a pool: those that are busy, and those that wait for a task. */
export class Crew {
  /** All that were ever launched, those under way too. */
  readonly #workers = new Set<Promise<WorkerProcess>>();
  readonly #idle: WorkerProcess[] = [];

  /**
   * Takes an idle worker, best one that has loaded what this kind needs, or launches a new one.
   *
   * @param kind - of the task that it is for
   * @returns the worker
   * @throws Error when no process can be started
   */
  async take(kind: string): Promise<WorkerProcess> {
    const alive = this.#idle.splice(0).filter((worker) => worker.alive);
    this.#idle.push(...alive);
    const same = this.#idle.findLastIndex((worker) => worker.lastKind === kind);
    // Without such a worker `same` is -1: then the last one.
    const [worker] = this.#idle.splice(same, 1);
    if (worker) return worker;
    const launched = WorkerProcess.launch();
    this.#workers.add(launched);
    return launched;
  }

  /**
   * Takes a worker back, once after each {@link take}.
   *
   * @param worker - may get the next task
   */
  free(worker: WorkerProcess): void {
    if (worker.alive) this.#idle.push(worker);
  }

  /** Lets all workers exit, and waits for them; busy ones let their tasks save what they have first. */
  async close(): Promise<void> {
    const launched = await Promise.allSettled(this.#workers);
    this.#workers.clear();
    await Promise.all(launched.flatMap((launch) => (launch.status === 'fulfilled' ? [launch.value.close()] : [])));
  }
}
