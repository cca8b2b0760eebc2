import { engine, scalar, tensor, tidy, type Tensor } from '@tensorflow/tfjs-core';
import './tensorflow.ts';
import type { Shape } from '../network/network.ts';
import { CLASSIFIER } from './taps.ts';
import type { Adapter, Draw, KdBatch, KdLoss, Sides, TapShapes } from './kd-method.ts';

/** Values of one side's taps by name: `logits` [N, C], maps [N, H, W, C], dense. */
export type TapValues = Readonly<Record<string, Float32Array>>;

/** L_kd of a batch and the weighted gradient in each of the student's taps, laid out as the tap. */
export interface KdTermValue {
  /** Unweighted. */
  readonly value: number;
  readonly gradients: TapValues;
}

/** What runs a method's adapters: networks on an engine. */
export interface AdapterRunner {
  /**
   * @param name - of the adapter
   * @param input - [batch, H, W, C], dense
   * @param batch - number of images
   * @returns its output, dense; only valid until the next call
   */
  forward(name: string, input: Float32Array, batch: number): Float32Array;
  /**
   * Differentiates the last `forward`.
   *
   * @param name - of the adapter
   * @param gradient - of its output
   * @returns that of its input, only valid until the next call; null where its network's input is not differentiable
   */
  backward(name: string, gradient: Float32Array): Float32Array | null;
}

/** A term on one batch. */
export interface KdTermBatch {
  /** Values of both sides' taps. */
  readonly taps: Sides<TapValues>;
  /** Class indices [N]. */
  readonly labels: Int32Array;
  /** Places of the images in the training split, [N]. */
  readonly indices: Uint32Array;
  readonly draw: Draw;
  /** w that gradients are multiplied by. */
  readonly weight: number;
}

const dimensions = (tap: string, batch: number, { height, width, channels }: Shape): number[] =>
  tap === 'logits' ? [batch, channels] : tap === CLASSIFIER ? [height, channels] : [batch, height, width, channels];

function tensors(values: TapValues, shapes: Readonly<Record<string, Shape>>, batch: number): Record<string, Tensor> {
  const made: Record<string, Tensor> = {};
  for (const [tap, shape] of Object.entries(shapes)) {
    const flat = values[tap];
    if (!flat) throw new Error(`no values of tap ${tap}`);
    // The engine reuses the memory behind `flat` in the next step, and a tensor may keep what it is given.
    made[tap] = tensor(flat.slice(), dimensions(tap, batch, shape));
  }
  return made;
}

/** A batch of which some of the student's values are others. */
const withStudent = (batch: KdBatch, names: readonly string[], values: readonly Tensor[]): KdBatch => ({
  ...batch,
  student: {
    ...batch.student,
    ...Object.fromEntries(names.map((name, index) => [name, values[index] as Tensor])),
  },
});

/** A function of the student's values, and the gradient of the result. */
interface Differentiated {
  readonly of: (batch: KdBatch) => Tensor;
  readonly slope: Tensor;
}

/** One batch on its way through adapters and term, and back. Lives within one `tidy`. */
class Pass {
  readonly #term: KdLoss;
  readonly #runner: AdapterRunner | null;
  readonly #images: number;
  /** Gradients so far, by the student's names; of what nothing reads, none. */
  readonly #gradients = new Map<string, Float32Array>();
  #batch: KdBatch;

  constructor(term: KdLoss, runner: AdapterRunner | null, batch: KdBatch) {
    this.#term = term;
    this.#runner = runner;
    this.#batch = batch;
    this.#images = batch.labels.size;
  }

  get #adapters(): readonly (readonly [Adapter, AdapterRunner])[] {
    const { adapters = [] } = this.#term;
    const runner = this.#runner;
    if (!runner && adapters.length > 0) throw new Error('the term has adapters, and nothing to run them');
    return runner ? adapters.map((adapter) => [adapter, runner] as const) : [];
  }

  run(weight: number): number {
    for (const [adapter, runner] of this.#adapters) this.#forward(adapter, runner);
    const value = this.#differentiate({ of: (batch) => this.#term.loss(batch), slope: scalar(weight) });
    for (const [adapter, runner] of this.#adapters.toReversed()) this.#backward(adapter, runner);
    return value.dataSync()[0] ?? NaN;
  }

  gradientOf(name: string): Float32Array | undefined {
    return this.#gradients.get(name);
  }

  #forward(adapter: Adapter, runner: AdapterRunner): void {
    const { name, network } = adapter;
    const input = adapter.input(this.#batch).dataSync<'float32'>();
    const output = network.layers.at(-1)?.shape ?? network.input;
    const values = runner.forward(name, input, this.#images).slice();
    this.#batch = withStudent(this.#batch, [name], [tensor(values, dimensions(name, this.#images, output))]);
  }

  #backward(adapter: Adapter, runner: AdapterRunner): void {
    const own = this.#gradients.get(adapter.name);
    if (!own) throw new Error(`nothing reads the output of adapter ${adapter.name}`);
    const slope = runner.backward(adapter.name, own);
    if (!slope) return;
    const { height, width, channels } = adapter.network.input;
    const dy = tensor(slope.slice(), [this.#images, height, width, channels]);
    this.#differentiate({ of: (batch) => adapter.input(batch), slope: dy });
  }

  /** Adds the gradients of a function's result to those of the values that it is made of. */
  #differentiate({ of, slope }: Differentiated): Tensor {
    const names = Object.keys(this.#batch.student);
    const values = Object.values(this.#batch.student);
    // Not `grads`, which demands that the result depends on every value.
    const { value, grads } = engine().gradients(() => of(withStudent(this.#batch, names, values)), values, slope, true);
    names.forEach((name, index) => {
      const more = grads[index]?.dataSync<'float32'>();
      const known = this.#gradients.get(name);
      if (more) this.#gradients.set(name, known ? known.map((term, i) => term + (more[i] ?? 0)) : more);
    });
    return value;
  }
}

/**
 * Evaluates a distillation term and differentiates it in the student's taps and, through the runner, in the parameters of
 * its adapters. No tensor outlives the call.
 *
 * @param term - made by a method for `shapes`
 * @param shapes - of both sides' taps
 * @param batch - values of both sides' taps, labels, random streams, weight
 * @param runner - runs the term's adapters; null where it has none
 * @returns the unweighted value and its weighted gradients
 */
export function kdTerm(
  term: KdLoss,
  shapes: TapShapes,
  batch: KdTermBatch,
  runner: AdapterRunner | null = null,
): KdTermValue {
  const { taps, labels, indices, draw, weight } = batch;
  let result: KdTermValue | undefined;
  tidy(() => {
    const pass = new Pass(term, runner, {
      teacher: tensors(taps.teacher, shapes.teacher, labels.length),
      student: tensors(taps.student, shapes.student, labels.length),
      labels: tensor(labels.slice(), [labels.length], 'int32'),
      indices,
      draw,
    });
    const value = pass.run(weight);
    const gradients = Object.entries(taps.student).map(([name, values]) => [
      name,
      pass.gradientOf(name) ?? new Float32Array(values.length),
    ]);
    // Not returned from here: tidy would look for tensors among the numbers, one by one.
    result = { value, gradients: Object.fromEntries(gradients) as TapValues };
  });
  if (!result) throw new Error('the distillation term was not evaluated');
  return result;
}
