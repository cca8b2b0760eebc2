import type { Region } from './program.ts';

/** What has to last at the same time lies in different places: the two passes of one update, and what is computed of them. */
export type Place = 'first-pass' | 'second-pass' | 'expression';

/** Memory of steps. */
interface Arena {
  readonly place: Place;
  readonly region: Region;
}

/**
 * Memory for steps. As one runs at a time they lie in the same place: a smaller one runs in a larger one's memory, an
 * evaluation in a training step's. Sessions may have a workspace in common where no step of one begins between a training
 * step's `forward` and its `update` in another.
 */
export class Workspace {
  readonly #arenas: Arena[] = [];
  #sessions = 0;

  /**
   * Memory that is there already.
   *
   * @param place - of the step
   * @param floats - that it takes
   * @returns a region that is large enough, if there is one
   */
  known(place: Place, floats: number): Region | undefined {
    return this.#arenas.find((arena) => arena.place === place && arena.region.floats >= floats)?.region;
  }

  /**
   * Keeps a region for steps.
   *
   * @param place - of the steps
   * @param region - its memory
   */
  keep(place: Place, region: Region): void {
    this.#arenas.push({ place, region });
  }

  /** Counts a session in. */
  join(): void {
    this.#sessions++;
  }

  /**
   * Counts a session out; the last one gives the memory back.
   *
   * @param free - gives a region back
   */
  leave(free: (region: Region) => void): void {
    if (--this.#sessions > 0) return;
    for (const { region } of this.#arenas.splice(0)) free(region);
  }
}
