import type { EngineName } from '../../../src/ml/engines/registry.ts';

/** One measured situation: a network, the size of its images, the batch, and what is done with it. */
export interface Case {
  /** Ours; the best one here by default. */
  readonly engine?: EngineName;
  readonly model: string;
  readonly size: number;
  readonly batch: number;
  readonly classes: number;
  /**
   * `train`: forward, loss, backward, AdamW. `amp`: the same in half precision. `frozen`: evaluation-mode forward. `distil`: `train` with a
   * teacher.
   */
  readonly mode: 'train' | 'amp' | 'frozen' | 'distil';
  /** Network that the model learns from, in mode `distil`. */
  readonly teacher?: string;
  /** By what, at its defaults; soft targets unless told. */
  readonly method?: string;
  readonly threads: number;
}

/** What one process says of its case, as a line of JSON. */
export interface Outcome {
  /** Seconds of each timed step. */
  readonly steps: readonly number[];
  /** Unix time in seconds at which the first step was done. */
  readonly first: number;
  /** Largest resident set, MiB. */
  readonly memory: number;
}
