import { customGrad, engine, scalar, tensor, tidy, zeros, type Tensor } from '@tensorflow/tfjs-core';
import '../ops/tensorflow.ts';
import type { Shape } from '../../network/network.ts';
import { valuesOf } from '../ops/maps.ts';
import { CLASSIFIER } from './taps.ts';
import type { Adapter, Draw, KdBatch, KdLoss, Sides, TapShapes } from '../kd-method.ts';

/** Values of one side's taps by name: `logits` [N, C], maps [N, H, W, C], dense. */
export type TapValues = Readonly<Record<string, Float32Array>>;

/** L_kd of a batch and the weighted gradient in each of the student's taps, laid out as the tap. */
export interface KdLossValue {
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
export interface KdLossBatch {
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

/** Makes adapters operations of tfjs's tape: forwards and backwards they run where they are called, on the engine. */
class AdapterCalls {
  /** Stands for parameters: an adapter whose input does not come from the student is differentiated in it alone. */
  readonly parameters = scalar(0);
  readonly #runner: AdapterRunner | null;
  /** Those that have run, and whether they have been differentiated. */
  readonly #called = new Map<string, boolean>();

  constructor(runner: AdapterRunner | null) {
    this.#runner = runner;
  }

  through({ name, network }: Adapter, input: Tensor): Tensor {
    const runner = this.#runner;
    if (!runner) throw new Error(`nothing to run adapter ${name}`);
    if (this.#called.has(name)) throw new Error(`adapter ${name} runs twice`);
    this.#called.set(name, false);
    const [images = 0] = input.shape;
    const [first, last] = [network.layers[0], network.layers.at(-1)];
    const watched = first?.kind === 'input' && first.differentiable ? input : this.parameters;
    const run = customGrad(() => ({
      value: tensor(
        runner.forward(name, valuesOf(input), images).slice(),
        dimensions(name, images, last?.shape ?? network.input),
      ),
      gradFunc: (dy: Tensor) => {
        this.#called.set(name, true);
        const slopes = runner.backward(name, valuesOf(dy));
        return slopes && watched === input ? tensor(slopes.slice(), input.shape) : zeros(watched.shape);
      },
    }));
    return run(watched);
  }

  /** Refuses an adapter that would be updated by the gradients of another batch. */
  require(adapters: readonly Adapter[]): void {
    for (const { name } of adapters)
      if (!this.#called.get(name)) throw new Error(`nothing reads the output of adapter ${name}`);
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
export function evaluateKdLoss(
  term: KdLoss,
  shapes: TapShapes,
  batch: KdLossBatch,
  runner: AdapterRunner | null = null,
): KdLossValue {
  const { taps, labels, indices, draw, weight } = batch;
  let result: KdLossValue | undefined;
  tidy(() => {
    const calls = new AdapterCalls(runner);
    const given: KdBatch = {
      teacher: tensors(taps.teacher, shapes.teacher, labels.length),
      student: tensors(taps.student, shapes.student, labels.length),
      labels: tensor(labels.slice(), [labels.length], 'int32'),
      ...{ indices, draw },
      through: (adapter, input) => calls.through(adapter, input),
    };
    const watched = [...Object.values(given.student), calls.parameters];
    // Not `grads`, which demands that the result depends on every value.
    const { value, grads } = engine().gradients(() => term.loss(given), watched, scalar(weight), true);
    calls.require(term.adapters ?? []);
    const gradients = Object.keys(given.student).map((name, at) => {
      const size = taps.student[name]?.length ?? 0;
      return [name, grads[at] ? valuesOf(grads[at]) : new Float32Array(size)] as const;
    });
    // Not returned from here: tidy would look for tensors among the numbers, one by one.
    result = { value: valuesOf(value)[0] ?? NaN, gradients: Object.fromEntries(gradients) };
  });
  if (!result) throw new Error('the distillation term was not evaluated');
  return result;
}
