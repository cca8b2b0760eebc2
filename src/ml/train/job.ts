import type { PackedDataset } from '../data/packed.ts';
import type { Supply } from '../data/supply.ts';
import type { Session, TrainStep, UpdateOptions } from '../engines/engine.ts';
import type { Network, StateDict } from '../network/network.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Recipe } from './recipe.ts';
import type { EpochRow } from './training-state.ts';

/** A term that is added to the supervised loss, made of the student's taps and of whatever it observes itself. */
export interface KdTerm {
  /** Student's taps that it reads, `logits` left out. */
  readonly taps: readonly string[];
  /** w of total = L_cls + w · L_kd. */
  readonly weight: number;
  /**
   * Compiles what a batch of some size needs, before training begins.
   *
   * @param batch - number of images
   * @throws FailureError when it cannot take, or has no memory for, as many
   */
  prepare(batch: number): void;
  /**
   * Sees a batch before the student does.
   *
   * @param images - [batch, S, S, 3], normalised; only valid during the call
   * @param batch - number of images
   */
  observe(images: Float32Array, batch: number): void;
  /**
   * Adds w · dL_kd/dtap to the step's gradients, after its forward pass.
   *
   * @param step - the student's
   * @param labels - class indices [batch]; of mixed images those of the greater share
   * @returns the unweighted L_kd
   */
  addGradients(step: TrainStep, labels: Int32Array): number;
  /**
   * Updates what the term trains itself, after the student's update.
   *
   * @param options - the student's
   */
  update(options: UpdateOptions): void;
  /** What the term has learned, for a checkpoint; empty where it trains nothing. */
  state(): StateDict;
  /**
   * Goes on from what `state` gave.
   *
   * @param state - the same term's
   * @param updates - number of updates that made it
   */
  restore(state: StateDict, updates: number): void;
}

/** Where a run stands, for progress. */
export interface FitProgress {
  /** Epochs done, with the fraction of the present one. */
  readonly done: number;
  readonly total: number;
  /** Of this process, training passes alone. */
  readonly imagesPerSecond: number;
  /** Mean total loss of the present epoch so far. */
  readonly loss: number;
  /** Seconds, if no epoch is saved by early stopping. */
  readonly eta: number;
}

/** Everything that a training run needs. */
export interface Job {
  readonly recipe: Recipe;
  readonly data: PackedDataset;
  /** Makes the training batches; the caller closes it. */
  readonly supply: Supply;
  readonly network: Network;
  /** Weights to start from. */
  readonly initial: StateDict;
  /** A session over `network` with the recipe's optimiser. */
  readonly session: Session;
  /** A frozen session over `network`: validates a moving average. */
  readonly shadow: Session | null;
  readonly kd: KdTerm | null;
  readonly checkpoint: Checkpoint;
  readonly signal: AbortSignal;
  readonly progress: (progress: FitProgress) => void;
  readonly epoch: (row: EpochRow, imagesPerSecond: number) => void;
}

/** What training made. */
export interface Fitted {
  /** Weights and running statistics of the best epoch. */
  readonly state: StateDict;
  /** Training batches that made them. */
  readonly batches: number;
  readonly best: EpochRow;
  readonly history: readonly EpochRow[];
  /** Of this process; null when it only had to read a checkpoint. */
  readonly imagesPerSecond: number | null;
}
