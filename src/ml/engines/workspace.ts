import type { Region } from './executor.ts';

/** Memory of a step, and what it may be used for. */
interface Arena {
  readonly kind: string;
  readonly region: Region;
}

/**
 * Memory for steps. Steps of one kind lie in the same place: a smaller one runs in a larger one's. Sessions may have a
 * workspace in common where no step of one begins between a training step's `forward` and its `update` in another.
 */
export class Workspace {
  readonly #arenas: Arena[] = [];
  #sessions = 0;

  /**
   * Memory that is there already.
   *
   * @param kind - of step
   * @param floats - that it takes
   * @returns a region that is large enough, if there is one
   */
  known(kind: string, floats: number): Region | undefined {
    return this.#arenas.find((arena) => arena.kind === kind && arena.region.floats >= floats)?.region;
  }

  /**
   * Keeps a region for steps of a kind.
   *
   * @param kind - of step
   * @param region - its memory
   */
  keep(kind: string, region: Region): void {
    this.#arenas.push({ kind, region });
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
