import type { Resources } from '../core/plan.ts';

/** What a running cell holds. */
export interface Claim {
  readonly cpu: number;
  readonly gpus: readonly number[];
}

/** CPU slots (`-j`) and GPUs of the machine, handed out and taken back. */
export class Slots {
  readonly #total: number;
  readonly #gpus: readonly number[];
  #free: number;
  #freeGpus: readonly number[];

  /**
   * @param cpu - slots, at least 1
   * @param gpus - indices of the machine's GPUs
   */
  constructor(cpu: number, gpus: readonly number[]) {
    this.#total = this.#free = cpu;
    this.#gpus = this.#freeGpus = gpus;
  }

  /**
   * What a cell can get at most on this machine: a cell that asks for more than there is gets all of it.
   *
   * @param resources - what the cell asks for
   * @returns the amounts to claim
   */
  fit({ cpu, gpu }: Resources): { readonly cpu: number; readonly gpu: number } {
    return { cpu: Math.min(cpu, this.#total), gpu: Math.min(gpu, this.#gpus.length) };
  }

  /**
   * Claims what a cell needs.
   *
   * @param resources - what the cell asks for
   * @returns the claim, or what there is too little of at the moment
   */
  claim(resources: Resources): Claim | 'cpu' | 'gpu' {
    const { cpu, gpu } = this.fit(resources);
    if (gpu > this.#freeGpus.length) return 'gpu';
    if (cpu > this.#free) return 'cpu';
    this.#free -= cpu;
    const gpus = this.#freeGpus.slice(0, gpu);
    this.#freeGpus = this.#freeGpus.slice(gpu);
    return { cpu, gpus };
  }

  /**
   * Prepares to take a claim back.
   *
   * @param claim - from {@link claim}
   * @returns a function that takes it back; true when it did, false when it was called before
   */
  releaser({ cpu, gpus }: Claim): () => boolean {
    let held = true;
    return () => {
      if (!held) return false;
      held = false;
      this.#free += cpu;
      if (gpus.length) this.#freeGpus = [...this.#freeGpus, ...gpus].sort((a, b) => a - b);
      return true;
    };
  }
}
