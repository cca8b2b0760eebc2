import type { PackedDataset } from '../data/packed.ts';
import type { BatchLoader, TrainBatch } from '../data/batch-loader.ts';
import type { Session, TrainStep, UpdateOptions } from '../engines/engine.ts';
import type { Network, StateDict } from '../network/network.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Recipe } from './recipe.ts';
import type { TermLosses } from './term-losses.ts';
import type { EpochRow } from './training-state.ts';

/** Which of the forward passes of one batch: R-Drop makes two. */
export interface Pass {
  /** From 0. */
  readonly index: number;
  /** Number of passes. */
  readonly of: number;
}

/** A term that is added to the supervised loss, made of the student's taps and of whatever it observes itself. */
export interface LossTerm {
  /** Student's taps that it reads, `logits` left out. */
  readonly taps: readonly string[];
  /**
   * Compiles what a batch of some size needs, before training begins.
   *
   * @param batch - number of images
   * @param passes - the student's over each batch: 1, or 2 with R-Drop
   * @throws FailureError when it cannot take, or has no memory for, as many
   */
  prepare(batch: number, passes: number): void;
  /**
   * Sees a batch before the student does.
   *
   * @param batch - images and labels; only valid until the step's end
   * @param epoch - counted from 0
   */
  observe(batch: TrainBatch, epoch: number): void;
  /**
   * Adds w · dL_kd/dtap to the step's gradients, after its forward pass; of several passes the mean counts, so that each
   * adds its share of it.
   *
   * @param step - the student's
   * @param labels - class indices [batch]; of mixed images those of the greater share
   * @param pass - the only one by default
   * @returns the losses of this pass alone, not its share
   */
  addGradients(step: TrainStep, labels: Int32Array, pass?: Pass): TermLosses;
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
export interface TrainingJob {
  readonly recipe: Recipe;
  readonly data: PackedDataset;
  /** Makes the training batches; the caller closes it. */
  readonly loader: BatchLoader;
  readonly network: Network;
  /** Weights to start from. */
  readonly initial: StateDict;
  /** A session over `network` with the recipe's optimiser; keeps moving averages where the recipe says so. */
  readonly session: Session;
  readonly kd: LossTerm | null;
  readonly checkpoint: Checkpoint;
  readonly signal: AbortSignal;
  /**
   * Waits for runs that take the same batches.
   *
   * @param place - number of the batch, counted over all epochs
   * @returns when the batch may be taken; it is used up when the caller waits for anything else
   */
  readonly turn: (place: number) => Promise<void>;
  readonly progress: (progress: FitProgress) => void;
  readonly epoch: (row: EpochRow, imagesPerSecond: number) => void;
}

/** What training made. */
export interface TrainingResult {
  /** Weights and running statistics of the best epoch. */
  readonly state: StateDict;
  /** Training batches that made them. */
  readonly batches: number;
  readonly best: EpochRow;
  readonly history: readonly EpochRow[];
  /** Of this process; null when it only had to read a checkpoint. */
  readonly imagesPerSecond: number | null;
}
