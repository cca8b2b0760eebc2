import type { StateDict } from '../network/network.ts';
import type { HalfPrecision } from '../engines/target.ts';
import type { Recipe, Selection } from './recipe.ts';
import { addTerms, NO_TERM, type TermLosses } from './term-losses.ts';

/** One finished epoch: a row of curves.csv. Validation numbers are null where the set has no validation split. */
export interface EpochRow {
  /** Counted from 0. */
  readonly epoch: number;
  readonly lr: number;
  /** Mean supervised loss over the epoch's images. */
  readonly train_loss: number;
  /** Mean of what distillation adds to the loss: the terms' weighted sum, ramp included. Null without a teacher. */
  readonly kd_loss: number | null;
  /** Mean of each distillation term without its weight, by its name; none without a teacher. */
  readonly kd_terms: Readonly<Record<string, number>>;
  readonly val_accuracy: number | null;
  readonly val_mpa: number | null;
  /** Mean negative log likelihood, nats: neither smoothed nor weighted. */
  readonly val_loss: number | null;
}

/** Losses of the images of an epoch that is under way, summed. */
export interface EpochSums {
  readonly images: number;
  readonly loss: number;
  readonly kd: TermLosses;
}

/** What operands of a run's products are rounded to. */
export type Precision = 'float32' | HalfPrecision;

/** What the steps of a run that asked for half precision were computed in so far. */
export type PastPrecision = Precision | 'mixed';

/** Everything but tensors that a run needs to go on as if it had never stopped. */
export interface Position {
  /** The epoch under way, from 0. */
  readonly epoch: number;
  /** Batches of it that are done; all of them while its validation is outstanding. */
  readonly batch: number;
  /** Optimiser updates so far. */
  readonly updates: number;
  readonly sums: EpochSums;
  readonly lastLoss: number | null;
  readonly history: readonly EpochRow[];
  /** Which epoch's weights are kept, its score, and the number of updates that made them. */
  readonly best: { readonly epoch: number; readonly score: number; readonly updates: number } | null;
  /** Of a run that asked for half precision: what its steps were computed in. */
  readonly precision?: PastPrecision;
  /** Names of the engines that made its steps, in their order; checkpoints from before they were kept say nothing. */
  readonly engines?: readonly string[];
}

/** The tensors: what the session holds, what the term has learned, the moving average, and the best weights so far. */
export interface Tensors {
  readonly model: StateDict;
  readonly optimizer: StateDict;
  /** Of the distillation term: empty where it trains nothing itself. */
  readonly term: StateDict;
  readonly average: StateDict | null;
  readonly best: StateDict | null;
}

/** The state of a run between two steps. */
export interface TrainingState {
  readonly position: Position;
  readonly tensors: Tensors;
}

const NOTHING: EpochSums = { images: 0, loss: 0, kd: NO_TERM };

/** Losses of one batch. */
export interface StepLosses {
  /** Supervised. */
  readonly loss: number;
  /** Distillation terms; {@link NO_TERM} without one. */
  readonly kd: TermLosses;
  readonly total: number;
}

/** Before the first step. */
export const start: Position = {
  epoch: 0,
  batch: 0,
  updates: 0,
  sums: NOTHING,
  lastLoss: null,
  history: [],
  best: null,
};

/** How good an epoch is: more is better. */
const SCORES: Readonly<Record<Selection, (row: EpochRow) => number>> = {
  'val.accuracy': (row) => row.val_accuracy ?? NaN,
  'val.mpa': (row) => row.val_mpa ?? NaN,
  'val.loss': (row) => -(row.val_loss ?? NaN),
  last: (row) => row.epoch,
};

/**
 * Counts one step in.
 *
 * @param position - before the step
 * @param images - size of its batch
 * @param losses - the batch's mean losses
 * @returns the position after it
 */
export function afterStep(position: Position, images: number, losses: StepLosses): Position {
  const { sums } = position;
  return {
    ...position,
    batch: position.batch + 1,
    updates: position.updates + 1,
    sums: {
      images: sums.images + images,
      loss: sums.loss + losses.loss * images,
      kd: addTerms(sums.kd, losses.kd, images),
    },
    lastLoss: losses.total,
  };
}

/**
 * Closes an epoch: its row joins the history, and it becomes the best where it beats the best so far. Of equal epochs
 * the first is kept.
 *
 * @param position - after the epoch's last step
 * @param row - the epoch's numbers
 * @param select - what decides
 * @returns the position at the next epoch's start; `best.epoch` is this epoch's where its weights are to be kept
 */
export function afterEpoch(position: Position, row: EpochRow, select: Selection): Position {
  const score = SCORES[select](row);
  const isBest = position.best === null || score > position.best.score;
  return {
    ...position,
    epoch: position.epoch + 1,
    batch: 0,
    sums: NOTHING,
    history: [...position.history, row],
    best: isBest ? { epoch: row.epoch, score, updates: position.updates } : position.best,
  };
}

/**
 * Tells whether training is over: all epochs are done, or the best one is `patience` epochs ago.
 *
 * @param position - where the run stands
 * @param recipe - number of epochs and patience
 * @returns true when no further step shall be made
 */
export function isOver(position: Position, recipe: Pick<Recipe, 'epochs' | 'patience'>): boolean {
  const { epoch, batch, best } = position;
  if (epoch >= recipe.epochs) return true;
  if (batch > 0 || recipe.patience === 0 || best === null) return false;
  return epoch - 1 - best.epoch >= recipe.patience;
}
