import type { TrainBatch } from '../data/supply.ts';
import type { ForwardStep, Session } from '../engines/engine.ts';
import type { TapValues } from '../methods/kd-term.ts';
import { CLASSIFIER } from '../methods/taps.ts';
import type { Network } from '../network/network.ts';

/**
 * Taps that a step has to be compiled for: it has the logits anyway, and the classifier's weight is no output of it.
 *
 * @param taps - names that a method reads
 * @returns those that are feature maps
 */
export const compiledTaps = (taps: Iterable<string>): readonly string[] =>
  [...taps].filter((tap) => tap !== 'logits' && tap !== CLASSIFIER);

/** A frozen teacher's outputs on training batches: one pass a batch, however many terms read it. */
export class TeacherPass {
  readonly #session: Session;
  readonly #needed = new Set<string>();
  #latest: { readonly batch: TrainBatch; readonly values: TapValues } | undefined;

  /** @param session - frozen, with the teacher's weights; the caller disposes it */
  constructor(session: Session) {
    this.#session = session;
  }

  get network(): Network {
    return this.#session.network;
  }

  /**
   * One of the teacher's parameters.
   *
   * @param name - in its state dict
   * @returns a copy, laid out as in PyTorch
   * @throws Error when the network has no such parameter: a bug
   */
  parameter(name: string): Float32Array {
    const values = this.#session.read().get(name);
    if (!values) throw new Error(`${this.network.model} has no ${name}`);
    return values;
  }

  /**
   * Announces what will be read.
   *
   * @param taps - names of taps, `logits` included
   */
  need(taps: readonly string[]): void {
    for (const tap of taps) this.#needed.add(tap);
    this.#latest = undefined;
  }

  /**
   * Takes the memory for a pass.
   *
   * @param batch - largest number of images
   */
  reserve(batch: number): void {
    this.#session.forwardStep({ batch, taps: compiledTaps(this.#needed) });
  }

  /**
   * The teacher's outputs on a batch, in evaluation mode.
   *
   * @param batch - what the student trains on
   * @returns all taps that were announced: logits [N, C], maps [N, H, W, C]; not to be written
   */
  of(batch: TrainBatch): TapValues {
    if (this.#latest?.batch !== batch) this.#latest = { batch, values: this.#run(batch) };
    return this.#latest.values;
  }

  #run({ images, labels }: TrainBatch): TapValues {
    const maps = compiledTaps(this.#needed);
    const step: ForwardStep = this.#session.forwardStep({ batch: labels.length, taps: maps });
    step.input.set(images);
    step.run();
    const names = this.#needed.has('logits') ? ['logits', ...maps] : maps;
    // Copies: the student's step may use the same memory.
    return Object.fromEntries(names.map((tap) => [tap, (tap === 'logits' ? step.logits : step.tap(tap)).slice()]));
  }
}
