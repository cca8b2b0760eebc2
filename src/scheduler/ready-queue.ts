/** What may run next, most urgent first: a binary heap of cell indices. */
export class ReadyQueue {
  readonly #urgency: Readonly<Float64Array>;
  readonly #heap: number[] = [];

  /**
   * @param urgency - of each cell, by index: larger comes first; of equals the one that stands earlier in the plan
   */
  constructor(urgency: Readonly<Float64Array>) {
    this.#urgency = urgency;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The most urgent cell, left in the queue. */
  peek(): number | undefined {
    return this.#heap[0];
  }

  push(cell: number): void {
    const heap = this.#heap;
    let at = heap.push(cell) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(cell, heap[parent] ?? cell)) break;
      heap[at] = heap[parent] ?? cell;
      at = parent;
    }
    heap[at] = cell;
  }

  /** Takes the most urgent cell out. */
  pop(): number | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length) this.#sink(last);
    return first;
  }

  /** Tells which of two cells comes first. */
  #before(one: number, other: number): boolean {
    const difference = (this.#urgency[one] ?? 0) - (this.#urgency[other] ?? 0);
    return difference === 0 ? one < other : difference > 0;
  }

  /** Puts a cell at the root and lets it sink to its place. */
  #sink(cell: number): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let child = heap[left];
      if (child === undefined) break;
      const other = heap[right];
      const takeRight = other !== undefined && this.#before(other, child);
      if (takeRight) child = other;
      if (!this.#before(child, cell)) break;
      heap[at] = child;
      at = takeRight ? right : left;
    }
    heap[at] = cell;
  }
}
