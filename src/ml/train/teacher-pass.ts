import type { TrainBatch } from '../data/batch-loader.ts';
import type { ForwardStep, Session } from '../engines/engine.ts';
import type { TapValues } from '../methods/terms/kd-loss.ts';
import { CLASSIFIER } from '../methods/terms/taps.ts';
import { classifierOf } from '../network/classifier.ts';
import type { Network, Shape } from '../network/network.ts';

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
   * The teacher's outputs on a batch, in evaluation mode.
   *
   * @param batch - what the student trains on
   * @returns all taps that were announced: logits [N, C], maps [N, H, W, C]; not to be written
   */
  of(batch: TrainBatch): TapValues;
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

/** A frozen teacher's outputs on training batches: one pass a batch, however many terms read it. */
export class TeacherPass implements Teacher {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly #session: Session;
  readonly #needed = new Set<string>();
  /** What does not change from batch to batch. */
  #fixed: TapValues = {};
  #latest: { readonly batch: TrainBatch; readonly values: TapValues } | undefined;

  /** @param session - frozen, with the teacher's weights; the caller disposes it */
  constructor(session: Session) {
    const { inFeatures, outFeatures } = classifierOf(session.network);
    const classifier = { height: outFeatures, width: 1, channels: inFeatures };
    this.#session = session;
    this.shapes = { ...tapShapes(session.network), [CLASSIFIER]: classifier };
  }

  need(taps: readonly string[]): void {
    for (const tap of taps) this.#needed.add(tap);
    if (this.#needed.has(CLASSIFIER)) this.#fixed = { [CLASSIFIER]: this.#classifier() };
    this.#latest = undefined;
  }

  prepare(batch: number): void {
    this.#session.forwardStep({ batch, taps: compiledTaps(this.#needed) });
  }

  of(batch: TrainBatch): TapValues {
    if (this.#latest?.batch !== batch) this.#latest = { batch, values: this.#run(batch) };
    return this.#latest.values;
  }

  /** Weight of the last layer, [classes, features]. */
  #classifier(): Float32Array {
    const { network } = this.#session;
    const weight = this.#session.read().get(`${classifierOf(network).name}.weight`);
    if (!weight) throw new Error(`${network.model} has no weight of its last layer`);
    return weight;
  }

  #run({ images, labels }: TrainBatch): TapValues {
    const maps = compiledTaps(this.#needed);
    const step: ForwardStep = this.#session.forwardStep({ batch: labels.length, taps: maps });
    step.input.set(images);
    step.run();
    const names = this.#needed.has('logits') ? ['logits', ...maps] : maps;
    // Copies: the student's step may use the same memory.
    const values = names.map((tap) => [tap, (tap === 'logits' ? step.logits : step.tap(tap)).slice()] as const);
    return { ...this.#fixed, ...Object.fromEntries(values) };
  }
}
