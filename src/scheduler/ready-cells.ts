import type { Cell } from '../core/plan.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { Reservation, Slots } from './slots.ts';

/** Cells that ask for the same amounts. */
interface ResourceClass {
  readonly resources: Cell['resources'];
  readonly queue: ReadyQueue;
}

/** Cells that start together. The first stands in the queue for all. */
interface Group {
  readonly cohort: string | null;
  readonly members: number[];
}

/** What may start now. */
export interface Start {
  /** Indices of the cells: one, or a cohort. */
  readonly cells: readonly number[];
  /** What they occupy together. */
  readonly reservation: Reservation;
}

/**
 * Cells that may start, one queue for each amount of resources that cells ask for: there are few of them, so that
 * taking the next cell stays cheap however many are ready.
 */
export class ReadyCells {
  readonly #cells: readonly Cell[];
  readonly #urgency: Readonly<Float64Array>;
  readonly #classes = new Map<string, ResourceClass>();
  /** Groups that wait, by their first cell, and those of a cohort by its label. */
  readonly #groups = new Map<number, Group>();
  readonly #cohorts = new Map<string, Group>();

  /**
   * @param cells - the cells of the run, by index
   * @param urgency - of each cell, by index
   */
  constructor(cells: readonly Cell[], urgency: Readonly<Float64Array>) {
    this.#cells = cells;
    this.#urgency = urgency;
  }

  /** How many reservations the waiting cells will make: a cohort makes one. */
  get size(): number {
    return this.#groups.size;
  }

  /**
   * Adds a cell.
   *
   * @param index - of the cell
   * @param cohort - cells that wait with the same label start together; null to start alone
   */
  push(index: number, cohort: string | null = null): void {
    const { resources } = this.#cells[index] ?? {};
    if (!resources) throw new RangeError(`no cell ${index}`);
    const mates = cohort === null ? undefined : this.#cohorts.get(cohort);
    if (mates) {
      mates.members.push(index);
      return;
    }
    const group = { cohort, members: [index] };
    this.#groups.set(index, group);
    if (cohort !== null) this.#cohorts.set(cohort, group);
    const name = `${resources.cpu} ${resources.gpu}`;
    let same = this.#classes.get(name);
    if (!same) this.#classes.set(name, (same = { resources, queue: new ReadyQueue(this.#urgency) }));
    same.queue.push(index);
  }

  /**
   * Takes the most urgent cell for which there is room, and its cohort. A cell that waits for CPU slots holds back all
   * less urgent ones, or a stream of small ones would starve it; one that waits for GPUs holds back those that want GPUs.
   *
   * @param slots - reserved for the cell
   * @returns the cells and their reservation, or undefined when nothing may start now
   */
  take(slots: Slots): Start | undefined {
    let gpusAwaited = false;
    for (const { resources, queue } of this.#byUrgency()) {
      if (gpusAwaited && slots.fit(resources).gpu > 0) continue;
      const reservation = slots.reserve(resources);
      if (reservation === 'cpu') return undefined;
      if (reservation === 'gpu') {
        gpusAwaited = true;
        continue;
      }
      return { cells: this.#leave(queue.pop()), reservation };
    }
    return undefined;
  }

  /** Takes a group out, in the order of the plan. */
  #leave(first: number | undefined): readonly number[] {
    const group = first === undefined ? undefined : this.#groups.get(first);
    if (first === undefined || !group) throw new Error('an empty class was offered');
    this.#groups.delete(first);
    if (group.cohort !== null) this.#cohorts.delete(group.cohort);
    return group.members.sort((a, b) => a - b);
  }

  /** Classes that hold cells, the one with the most urgent cell first. */
  #byUrgency(): readonly ResourceClass[] {
    const filled = [...this.#classes.values()].filter(({ queue }) => queue.size > 0);
    if (filled.length < 2) return filled;
    const urgency = ({ queue }: ResourceClass) => this.#urgency[queue.peek() ?? 0] ?? 0;
    return filled.sort((a, b) => urgency(b) - urgency(a) || (a.queue.peek() ?? 0) - (b.queue.peek() ?? 0));
  }
}
