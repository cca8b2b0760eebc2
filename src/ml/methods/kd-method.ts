import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../core/json.ts';
import type { Network, Shape, StateDict } from '../network/network.ts';

/** One thing a side: the teacher's and the student's. */
export interface Sides<T> {
  readonly teacher: T;
  readonly student: T;
}

/** Shapes of the taps that a method asked for, without the batch. Logits have height = width = 1. */
export type TapShapes = Sides<Readonly<Record<string, Shape>>>;

/** Where the counter-based random streams of a training step stand. */
export interface Draw {
  readonly seed: number;
  /** Number of the step, from 0. */
  readonly step: number;
}

/**
 * A small network that is trained along with the student and thrown away after training. It runs on the engine; the
 * gradient of its input goes on to whatever the input was made of.
 */
export interface Adapter {
  /** Unique within the method. */
  readonly name: string;
  /** Its input is differentiable where the student learns through it. */
  readonly network: Network;
  /** Start values of parameters that are not drawn, by their names. */
  readonly initial?: Readonly<Record<string, number>>;
}

/** What a method sees of one batch. Tensors are owned by the caller. */
export interface KdBatch extends Sides<Readonly<Record<string, Tensor>>> {
  /** Tap values: `logits` [N, C], maps [N, H, W, C]; `classifier`, the weight of the last layer, [C, F]. */
  readonly teacher: Readonly<Record<string, Tensor>>;
  /** The same. */
  readonly student: Readonly<Record<string, Tensor>>;
  /** Class indices [N], int32. */
  readonly labels: Tensor;
  /** Places of the images in the training split, [N]; of mixed images those of the greater share, as the labels are. */
  readonly indices: Uint32Array;
  /** For whatever a method draws: equal draws, equal numbers. */
  readonly draw: Draw;
  /**
   * Sends a tensor through one of the term's adapters. Each is run once a batch.
   *
   * @param adapter - one of the term's
   * @param input - [N, H, W, C] as its network takes it
   * @returns its output, [N, H', W', C'], differentiable in the input and in the adapter's parameters
   */
  readonly through: (adapter: Adapter, input: Tensor) => Tensor;
}

/** What a term remembers from step to step. It goes into checkpoints. */
export interface KdMemory {
  /** Arrays by name; they are written to when a run goes on. */
  readonly values: StateDict;
  /** Takes in what the last `loss` saw; called once a step, behind it. */
  update(): void;
}

/** What a term may know of the training split. */
export interface KdSplit {
  /** Class indices by place in the split. */
  readonly labels: Int32Array;
  /** For what is drawn once. */
  readonly seed: number;
}

/** A method made for given shapes. */
export interface KdLoss {
  /** All that `loss` sends something through; none unless told. */
  readonly adapters?: readonly Adapter[];
  /** Nothing unless told. */
  readonly memory?: KdMemory;
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
  /** Whether it compares images of a batch with each other, and so needs at least two. */
  readonly relational?: boolean;
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
   * @param all - shapes of all taps of both networks, for advice
   * @param split - the images that the student is trained on
   * @returns the term
   * @throws FailureError where the shapes don't go together
   */
  create(options: JsonObject, shapes: TapShapes, all: TapShapes, split: KdSplit): KdLoss;
}
