/** Lets so many actions be under way at once; further ones wait for their turn, in the order in which they came. */
export class Limiter {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param limit - most actions at once, at least 1 */
  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Does something when its turn has come.
   *
   * @param action - what is done
   * @returns what it returns
   * @throws what it throws
   */
  async run<T>(action: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
