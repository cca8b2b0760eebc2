import type { JsonObject } from '../../core/json.ts';
import type { Network, Shape, StateDict } from '../network/network.ts';
import type { Adapter } from '../algebra/adapter.ts';
import type { Dimensions, Node } from '../algebra/node.ts';

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

/** What a term is made of, for batches of one size: expressions, no values. */
export interface TermInputs extends Sides<(tap: string) => Node> {
  /** N, images of the batch. */
  readonly images: number;
  /** Class indices [N]. */
  readonly labels: Node;
  /** Places of the images in the training split, [N]; of mixed images those of the greater share, as the labels are. */
  readonly indices: Node;
  /**
   * A tap of the teacher, constant: `logits` [N, C], maps [N, H, W, C]; `classifier`, the weight of the last layer, [C, F].
   *
   * @throws Error for a tap that the method did not name (a bug)
   */
  readonly teacher: (tap: string) => Node;
  /** A tap of the student. */
  readonly student: (tap: string) => Node;
  /** An array that the method fills for each step: `fill` gives its values under the same name. */
  readonly step: (name: string, shape: Dimensions) => Node;
  /** What the term remembers: an array of its `memory`. */
  readonly memory: (name: string, shape: Dimensions) => Node;
  /** Sends maps [N, H, W, C] through one of the term's adapters; each runs once. */
  readonly adapt: (adapter: Adapter, map: Node) => Node;
}

/** The step under way, for what a method fills itself. */
export interface TermStep {
  /** Places of the images in the training split, [N]; of mixed images those of the greater share, as the labels are. */
  readonly indices: Uint32Array;
  /** For whatever a method draws: equal draws, equal numbers. */
  readonly draw: Draw;
}

/** Arrays by name, dense. */
export type StepArrays = Readonly<Record<string, Float32Array>>;

/** What a term takes into its memory at the end of a step. */
export interface Remembered {
  /** Of the memory's array. */
  readonly name: string;
  /** Which of its rows are replaced, [N]; all of it by default. */
  readonly places?: Node;
  /** What stands there then. */
  readonly value: Node;
}

/** A term that remembers. */
export interface LossWithMemory {
  /** L_kd: a scalar. */
  readonly loss: Node;
  /** Taken in after the last pass of a step. */
  readonly remember: readonly Remembered[];
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
  /** All that `loss` applies; none by default. */
  readonly adapters?: readonly Adapter[];
  /** What it remembers from step to step, by name: what that starts with. It goes into checkpoints. None by default. */
  readonly memory?: StateDict;
  /**
   * The unweighted term L_kd as an expression; asked once for each size of batch.
   *
   * @param inputs - taps, labels
   * @returns a scalar, differentiable in every student tap
   */
  readonly loss: (inputs: TermInputs) => Node | LossWithMemory;
  /**
   * Values of the step's arrays that its expression names, for each pass over a batch; none by default.
   *
   * @param step - the images, and where random streams stand
   * @returns arrays by name, of the sizes that the expression states; only read
   */
  readonly fill?: (step: TermStep) => StepArrays;
}

/** A network with its weights. */
export interface TrainedNetwork {
  readonly network: Network;
  readonly state: StateDict;
}

/** A student that is more than the model that it is made of. */
export interface JoinedNetwork {
  /** Named unlike any model: its weights hold the table of its layers. Parameters of the model keep their names. */
  readonly network: Network;
  /** Initial values that are neither the model's nor drawn, by parameter. */
  readonly given: StateDict;
}

/** A weight that others have used, where their definition of the term is ours: a place to start from. */
export interface PublishedWeight {
  /** w of total = v · L_cls + w · L_kd. */
  readonly weight: number;
  /** v; 1 by default. */
  readonly ceWeight?: number;
  /** Epochs over which w climbs from 0; none by default. */
  readonly ramp?: number;
  /** Whose paper or program has it, and what for. */
  readonly source: string;
}

/**
 * A knowledge-distillation method: one file, one registry line. It says its taps up front; its term is an expression over
 * them (`algebra/`), which whoever evaluates it differentiates: no method writes a gradient or names a tensor library.
 */
export interface KdMethod {
  readonly name: string;
  /** Other names that pipelines may call it by. */
  readonly synonyms?: readonly string[];
  /** Paper: authors, title, venue, year. */
  readonly source: string;
  /** JSON Schema properties of its options, with defaults and descriptions; names are the stage's parameters. */
  readonly options: Readonly<Record<string, JsonObject>>;
  /** How `kd_ratio` r becomes the weight w: `odds` = r/(1−r) for r < 1, else r; `plain` = r. */
  readonly weighting: 'odds' | 'plain';
  /** Of its paper or of a program that many have used; none by default. */
  readonly published?: PublishedWeight;
  /** Raised when its numbers change, from 0: a part of the key of what it distilled. */
  readonly revision?: number;
  /** Whether it compares images of a batch with each other, and so needs at least two. */
  readonly relational?: boolean;
  /**
   * Makes what is trained, evaluated and kept in the student's place, of one teacher that is a network of ours; the student's model by
   * default.
   *
   * @param options - the method's options
   * @param student - the model
   * @param teacher - on images of the same size
   * @returns the network
   * @throws FailureError where the two do not go together
   */
  readonly network?: (options: JsonObject, student: Network, teacher: TrainedNetwork) => JoinedNetwork;
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
