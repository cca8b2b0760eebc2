import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../core/json.ts';
import type { Shape } from '../network/network.ts';

/** One thing a side: the teacher's and the student's. */
export interface Sides<T> {
  readonly teacher: T;
  readonly student: T;
}

/** Shapes of the taps that a method asked for, without the batch. Logits have height = width = 1. */
export type TapShapes = Sides<Readonly<Record<string, Shape>>>;

/** What a method sees of one batch. Tensors are owned by the caller. */
export interface KdBatch extends Sides<Readonly<Record<string, Tensor>>> {
  /** Tap values: `logits` [N, C], maps [N, H, W, C]. */
  readonly teacher: Readonly<Record<string, Tensor>>;
  readonly student: Readonly<Record<string, Tensor>>;
  /** Class indices [N], int32. */
  readonly labels: Tensor;
}

/** A method made for given shapes. */
export interface KdLoss {
  /** The unweighted term L_kd, differentiable in every student tap. */
  loss(batch: KdBatch): Scalar;
}

/**
 * A knowledge-distillation method: one file, one registry line.
 * It says its taps up front; its term is written in tfjs-core ops over tap values and so runs on every engine.
 */
export interface KdMethod {
  readonly name: string;
  /** Paper: authors, title, venue, year. */
  readonly source: string;
  /** JSON Schema properties of its options, with defaults and descriptions; names are the stage's parameters. */
  readonly options: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** How `kd_ratio` r becomes the weight w: `odds` = r/(1−r) for r < 1, else r; `plain` = r. */
  readonly weighting: 'odds' | 'plain';
  /**
   * Taps that the method reads.
   *
   * @param options - the method's options
   * @param available - names of all taps of both networks
   * @returns names of the taps of each side, `logits` included where it is read
   * @throws FailureError where a network lacks what the options ask for
   */
  taps(options: JsonObject, available: Sides<readonly string[]>): Sides<readonly string[]>;
  /**
   * Makes the term.
   *
   * @param options - the method's options
   * @param shapes - shapes of the taps that it named
   * @returns the term
   * @throws FailureError where the shapes don't go together
   */
  create(options: JsonObject, shapes: TapShapes): KdLoss;
}
