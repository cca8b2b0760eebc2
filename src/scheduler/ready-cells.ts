import type { Cell } from '../core/plan.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { Claim, Slots } from './slots.ts';

/** Cells that ask for the same amounts. */
interface Class {
  readonly resources: Cell['resources'];
  readonly queue: ReadyQueue;
}

/**
 * Cells that may start, one queue for each amount of resources that cells ask for: there are few of them, so that
 * taking the next cell stays cheap however many are ready.
 */
export class ReadyCells {
  readonly #cells: readonly Cell[];
  readonly #urgency: Readonly<Float64Array>;
  readonly #classes = new Map<string, Class>();
  #size = 0;

  /**
   * @param cells - the cells of the run, by index
   * @param urgency - of each cell, by index
   */
  constructor(cells: readonly Cell[], urgency: Readonly<Float64Array>) {
    this.#cells = cells;
    this.#urgency = urgency;
  }

  get size(): number {
    return this.#size;
  }

  push(index: number): void {
    const { resources } = this.#cells[index] ?? {};
    if (!resources) throw new RangeError(`no cell ${index}`);
    const name = `${resources.cpu} ${resources.gpu}`;
    let same = this.#classes.get(name);
    if (!same) this.#classes.set(name, (same = { resources, queue: new ReadyQueue(this.#urgency) }));
    same.queue.push(index);
    this.#size++;
  }

  /**
   * Takes the most urgent cell for which there is room. A cell that waits for CPU slots holds back all less urgent
   * ones, or a stream of small ones would starve it; one that waits for GPUs holds back those that want GPUs.
   *
   * @param slots - claimed from for the cell
   * @returns the cell's index and its claim, or undefined when nothing may start now
   */
  take(slots: Slots): { readonly index: number; readonly claim: Claim } | undefined {
    let gpusAwaited = false;
    for (const { resources, queue } of this.#byUrgency()) {
      if (gpusAwaited && slots.fit(resources).gpu > 0) continue;
      const claim = slots.claim(resources);
      if (claim === 'cpu') return undefined;
      if (claim === 'gpu') {
        gpusAwaited = true;
        continue;
      }
      const index = queue.pop();
      if (index === undefined) throw new Error('an empty class was offered');
      this.#size--;
      return { index, claim };
    }
    return undefined;
  }

  /** Classes that hold cells, the one with the most urgent cell first. */
  #byUrgency(): readonly Class[] {
    const filled = [...this.#classes.values()].filter(({ queue }) => queue.size > 0);
    if (filled.length < 2) return filled;
    const urgency = ({ queue }: Class) => this.#urgency[queue.peek() ?? 0] ?? 0;
    return filled.sort((a, b) => urgency(b) - urgency(a) || (a.queue.peek() ?? 0) - (b.queue.peek() ?? 0));
  }
}
