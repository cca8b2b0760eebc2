import { input } from '../algebra/inputs.ts';
import type { Dimensions, Node } from '../algebra/node.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { Engine, EngineArray, ForwardStep, OwnArray, Session } from '../engines/engine.ts';
import type { BatchImages } from '../inference/batch-images.ts';
import { CLASSIFIER } from '../methods/terms/taps.ts';
import { classifierOf } from '../network/classifier.ts';
import type { Network, Shape } from '../network/network.ts';

/** Values of taps by name: `logits` [N, C], maps [N, H, W, C], dense. */
export type TapValues = Readonly<Record<string, Float32Array>>;

/** Whose outputs terms read. */
export interface Teacher {
  /** Shapes of all that can be read, by tap. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /**
   * Announces what will be read.
   *
   * @param taps - names of taps, `logits` and `classifier` included
   */
  need(taps: readonly string[]): void;
  /**
   * Compiles a pass.
   *
   * @param batch - number of images
   */
  prepare(batch: number): void;
  /**
   * A tap as an expression.
   *
   * @param name - that was announced
   * @param shape - [N, C], [N, H, W, C], [C, F]
   * @param prefix - in front of the names of its inputs, which `arrays` and `of` know without it
   * @returns the node
   */
  tap(name: string, shape: Dimensions, prefix: string): Node;
  /**
   * Where the engine holds what `of` computes.
   *
   * @param batch - number of images
   * @param view - of them, from 0
   * @returns arrays by the names of inputs
   */
  arrays(batch: number, view: number): Readonly<Record<string, EngineArray>>;
  /**
   * Sees a batch before the step on it, where its outputs come later than they are asked for.
   *
   * @param batch - what the student trains on
   * @returns once `of` knows its outputs
   */
  ahead?(batch: TrainBatch): Promise<void>;
  /**
   * Computes the teacher's outputs on a batch, in evaluation mode: those of {@link arrays} where they lie.
   *
   * @param batch - what the student trains on
   * @param view - of its images, from 0
   * @returns values of all other inputs, dense; not to be written
   */
  of(batch: TrainBatch, view: number): TapValues;
}

/**
 * Taps that a step has to be compiled for: it has the logits anyway, and the classifier's weight is no output of it.
 *
 * @param taps - names that a method reads
 * @returns those that are feature maps
 */
export const compiledTaps = (taps: Iterable<string>): readonly string[] =>
  [...taps].filter((tap) => tap !== 'logits' && tap !== CLASSIFIER);

/**
 * Shapes of a network's taps.
 *
 * @param network - student or teacher
 * @returns shapes of one image's values, by tap
 */
export function tapShapes(network: Network): Record<string, Shape> {
  const { layers, taps, model } = network;
  return Object.fromEntries(
    Object.entries(taps).map(([tap, layer]) => {
      const shape = layers[layer]?.shape;
      if (!shape) throw new Error(`${model} has no layer for its tap ${tap}`);
      return [tap, shape];
    }),
  );
}

/**
 * A frozen teacher's outputs on training batches: one pass a batch, however many terms read it. It reads the images where they
 * lie, and puts its outputs where terms read them.
 */
export class TeacherPass implements Teacher {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly #session: Session;
  readonly #engine: Pick<Engine, 'array'>;
  readonly #images: BatchImages;
  readonly #views: number;
  readonly #needed = new Set<string>();
  /** By number of images, then by tap. They stay where they are when somebody asks for more, and more is computed then. */
  readonly #arrays = new Map<number, Map<string, OwnArray>>();
  /** Compiled for all that is needed, by number of images. */
  readonly #steps = new Map<number, ForwardStep>();
  /** What does not change from batch to batch. */
  #fixed: TapValues = {};
  #latest: TrainBatch | undefined;

  /**
   * @param session - frozen, with the teacher's weights; the caller disposes it
   * @param engine - the session's
   * @param images - where batches lie; the caller disposes it
   * @param views - of each image, which are one pass; 1 by default
   */
  constructor(session: Session, engine: Pick<Engine, 'array'>, images: BatchImages, views = 1) {
    const { inFeatures, outFeatures } = classifierOf(session.network);
    const classifier = { height: outFeatures, width: 1, channels: inFeatures };
    this.#session = session;
    this.#engine = engine;
    this.#images = images;
    this.#views = views;
    this.shapes = { ...tapShapes(session.network), [CLASSIFIER]: classifier };
  }

  need(taps: readonly string[]): void {
    for (const tap of taps) this.#needed.add(tap);
    if (this.#needed.has(CLASSIFIER)) this.#fixed = { [CLASSIFIER]: this.#classifier() };
    this.#latest = undefined;
  }

  #step(batch: number): ForwardStep {
    const known = this.#steps.get(batch);
    if (known) return known;
    const outputs = Object.fromEntries(this.#arrays.get(batch) ?? []);
    const all = this.#views * batch;
    const images = this.#images.array(all);
    const step = this.#session.forwardStep({ batch: all, taps: compiledTaps(this.#needed), images, outputs });
    this.#steps.set(batch, step);
    return step;
  }

  /** Values of a tap for so many images. */
  #floats(tap: string, batch: number): number {
    const shape = this.shapes[tap];
    if (!shape) throw new Error(`no tap ${tap}`);
    return batch * shape.height * shape.width * shape.channels;
  }

  prepare(batch: number): void {
    const arrays = this.#arrays.get(batch) ?? new Map<string, OwnArray>();
    this.#arrays.set(batch, arrays);
    for (const tap of this.#needed) {
      if (tap === CLASSIFIER || arrays.has(tap)) continue;
      arrays.set(tap, this.#engine.array(this.#views * this.#floats(tap, batch)));
      this.#steps.delete(batch);
      this.#latest = undefined;
    }
    this.#step(batch);
  }

  tap(name: string, shape: Dimensions, prefix: string): Node {
    return input(`${prefix}${name}`, shape);
  }

  arrays(batch: number, view: number): Readonly<Record<string, EngineArray>> {
    this.prepare(batch);
    const entries = [...(this.#arrays.get(batch) ?? [])].map(([tap, array]) => {
      const floats = this.#floats(tap, batch);
      return [tap, array.part(view * floats, floats)] as const;
    });
    return Object.fromEntries(entries);
  }

  of(batch: TrainBatch): TapValues {
    if (this.#latest === batch) return this.#fixed;
    this.#images.show(batch);
    this.#step(batch.labels.length).run();
    this.#latest = batch;
    return this.#fixed;
  }

  /** Weight of the last layer, [classes, features]. */
  #classifier(): Float32Array {
    const { network } = this.#session;
    const weight = this.#session.read().get(`${classifierOf(network).name}.weight`);
    if (!weight) throw new Error(`${network.model} has no weight of its last layer`);
    return weight;
  }

  /** Gives its arrays back. */
  dispose(): void {
    for (const arrays of this.#arrays.values()) for (const array of arrays.values()) array.dispose();
    this.#arrays.clear();
  }
}
