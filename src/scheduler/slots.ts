import type { Resources } from '../core/plan.ts';
import type { Capacity } from '../executors/executor.ts';

/** What a running cell, or a cohort, occupies. */
export interface Reservation {
  readonly cpu: number;
  readonly gpu: number;
}

/** Slots and GPUs of an executor, counted as they are reserved and released; which ones is up to the executor. */
export class Slots {
  readonly #capacity: Capacity;
  #freeCpu: number;
  #freeGpu: number;

  /** @param capacity - at least one slot */
  constructor(capacity: Capacity) {
    this.#capacity = capacity;
    this.#freeCpu = capacity.slots;
    this.#freeGpu = capacity.gpus;
  }

  /**
   * What a cell can get at most: a cell that asks for more than there is gets all of it.
   *
   * @param resources - what the cell asks for
   * @returns the amounts to reserve
   */
  fit({ cpu, gpu }: Resources): Reservation {
    return { cpu: Math.min(cpu, this.#capacity.slots), gpu: Math.min(gpu, this.#capacity.gpus) };
  }

  /**
   * Reserves what a cell needs.
   *
   * @param resources - what the cell asks for
   * @returns the reservation, or what there is too little of at the moment
   */
  reserve(resources: Resources): Reservation | 'cpu' | 'gpu' {
    const { cpu, gpu } = this.fit(resources);
    if (gpu > this.#freeGpu) return 'gpu';
    if (cpu > this.#freeCpu) return 'cpu';
    this.#freeCpu -= cpu;
    this.#freeGpu -= gpu;
    return { cpu, gpu };
  }

  /**
   * Prepares to release a reservation.
   *
   * @param reservation - from {@link reserve}
   * @returns a function that releases it; true when it did, false when it was called before
   */
  releaser({ cpu, gpu }: Reservation): () => boolean {
    let held = true;
    return () => {
      if (!held) return false;
      held = false;
      this.#freeCpu += cpu;
      this.#freeGpu += gpu;
      return true;
    };
  }
}
