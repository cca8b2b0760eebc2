import type { PackedDataset } from '../data/packed.ts';
import type { Session } from '../engines/engine.ts';
import type { Network, StateDict } from '../network/network.ts';
import type { BatchImages } from '../inference/batch-images.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { JointSteps } from './joint-steps.ts';
import type { LossTerms } from './loss-terms.ts';
import type { Objectives } from './objectives.ts';
import type { Recipe } from './recipe.ts';
import type { EpochRow, PastPrecision, Precision } from './training-state.ts';

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

/** Where the time of an epoch's steps went; that of others of its cohort is in it, as they share the process. */
export interface EpochPace {
  /** Of this process, training passes alone. */
  readonly imagesPerSecond: number;
  /** Part of the time in which steps waited for their batches to be made, 0 … 1. */
  readonly waiting: number;
  /** Part of the time that it took to bring images to the engine, 0 … 1. */
  readonly bringing: number;
}

/** Everything that a training run needs. */
export interface TrainingJob {
  readonly recipe: Recipe;
  readonly data: PackedDataset;
  /** Training batches of an epoch. */
  readonly batches: number;
  /** Where they lie for its passes. */
  readonly images: BatchImages;
  /** Makes steps on training batches, with those of runs that take the same. */
  readonly steps: JointSteps;
  readonly network: Network;
  /** Weights to start from. */
  readonly initial: StateDict;
  /** A session over `network` with the recipe's optimiser; keeps moving averages where the recipe says so. */
  readonly session: Session;
  readonly kd: LossTerms | null;
  /** What is minimised, compiled by `prepare`. */
  readonly objectives: Objectives;
  readonly checkpoint: Checkpoint;
  /** What the session computes products of training in, where the recipe asks for half precision. */
  readonly precision?: Precision;
  /** Name of the session's engine, for the record. */
  readonly engine?: string;
  readonly signal: AbortSignal;
  /**
   * Waits for runs that take the same batches.
   *
   * @param place - number of the batch, counted over all epochs
   * @returns when the step may be made
   */
  readonly turn: (place: number) => Promise<void>;
  readonly progress: (progress: FitProgress) => void;
  readonly epoch: (row: EpochRow, pace: EpochPace) => void;
}

/** What training made. */
export interface TrainingResult {
  /** Weights and running statistics of the best epoch. */
  readonly state: StateDict;
  /** Training batches that made them. */
  readonly batches: number;
  readonly best: EpochRow;
  readonly history: readonly EpochRow[];
  /** What its steps were computed in, where the recipe asks for half precision. */
  readonly precision?: PastPrecision | undefined;
  /** Names of the engines that made its steps, in their order. */
  readonly engines: readonly string[];
  /** Of this process; null when it only had to read a checkpoint. */
  readonly imagesPerSecond: number | null;
}
