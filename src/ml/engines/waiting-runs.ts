import type { Region } from './program.ts';

/** A run of something, and the memory that it reads or writes. */
export interface WaitingRun {
  readonly touches: ReadonlySet<Region>;
}

/** Collects the runs that are asked for together: {@link Executor.together} for any executor. */
export class WaitingRuns<Run extends WaitingRun> {
  readonly #make: (runs: readonly Run[]) => void;
  /** Those that wait; null where each is made at once. */
  #waiting: Run[] | null = null;

  /** @param make - makes runs one after the other, in their order; it is given one at least */
  constructor(make: (runs: readonly Run[]) => void) {
    this.#make = make;
  }

  /**
   * Makes a run, now or with those that wait.
   *
   * @param run - comes after all that were taken before
   */
  take(run: Run): void {
    if (this.#waiting) this.#waiting.push(run);
    else this.#make([run]);
  }

  /**
   * Makes the runs that wait, if one of them has to do with some memory.
   *
   * @param region - is about to be read, written or freed
   */
  settle(region: Region): void {
    if (this.#waiting?.some(({ touches }) => touches.has(region))) this.flush();
  }

  /** Makes the runs that wait. */
  flush(): void {
    const runs = this.#waiting?.splice(0) ?? [];
    if (runs.length > 0) this.#make(runs);
  }

  /**
   * Collects the runs that are taken meanwhile, and makes them at its end.
   *
   * @param work - takes runs; what it calls within another's work belongs to that one
   */
  together(work: () => void): void {
    if (this.#waiting) {
      work();
      return;
    }
    this.#waiting = [];
    try {
      work();
    } finally {
      const runs = this.#waiting;
      this.#waiting = null;
      if (runs.length > 0) this.#make(runs);
    }
  }
}
