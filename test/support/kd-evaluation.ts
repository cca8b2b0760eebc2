import { optionsOf } from './default-options.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { differentiate } from '../../src/ml/algebra/gradients.ts';
import { input } from '../../src/ml/algebra/inputs.ts';
import type { Node } from '../../src/ml/algebra/node.ts';
import { share } from '../../src/ml/algebra/share.ts';
import type { KdLoss, KdMethod, KdSplit, Remembered, Sides, TapShapes } from '../../src/ml/methods/kd-method.ts';
import { recordTerm } from '../../src/ml/methods/terms/record-term.ts';
import type { Shape } from '../../src/ml/network/network.ts';
import { EchoRunner } from './echo-runner.ts';
import { evaluateNodes, type AdapterCallbacks, type Values } from './evaluate-expression.ts';
import { referenceInput, referenceLabels } from './loss-reference.ts';

/** A training split of six images of three classes. */
export const someSplit: KdSplit = { labels: Int32Array.of(0, 1, 2, 1, 0, 2), seed: 5 };

/** Values of one side's taps by name: `logits` [N, C], maps [N, H, W, C], dense. */
export type TapValues = Readonly<Record<string, Values>>;

/** A batch as a term sees it. */
export interface TermBatch {
  readonly taps: Sides<TapValues>;
  /** Class indices [N]. */
  readonly labels: Int32Array;
  /** Places of the images in the training split, [N]. */
  readonly indices: Uint32Array;
  readonly seed: number;
  readonly step: number;
  /** w that gradients are multiplied by. */
  readonly weight: number;
}

/** L_kd of a batch, unweighted, and the weighted gradient in each of the student's taps. */
export interface TermValue {
  readonly value: number;
  readonly gradients: Readonly<Record<string, Float64Array>>;
}

/** Names of inputs by kind. */
const named = (kind: string, arrays: TapValues): Readonly<Record<string, Values>> =>
  Object.fromEntries(Object.entries(arrays).map(([name, values]) => [`${kind}/${name}`, values]));

/** A term and its gradients for batches of one size. */
interface Graph {
  /** Of the student. */
  readonly taps: readonly string[];
  readonly remember: readonly Remembered[];
  /** The loss, gradients in the taps, what is remembered, adapters' gradients. */
  readonly roots: readonly Node[];
}

/** A term in float64, step by step. */
export class TermInFloat64 {
  /** What the term remembers, by name. */
  readonly memory: ReadonlyMap<string, Float64Array>;
  readonly #term: KdLoss;
  readonly #shapes: TapShapes;
  readonly #runner: AdapterCallbacks;
  /** By number of images. */
  readonly #graphs = new Map<number, Graph>();
  #remember: () => void = () => undefined;

  constructor(term: KdLoss, shapes: TapShapes, runner: AdapterCallbacks = new EchoRunner()) {
    this.#term = term;
    this.#shapes = shapes;
    this.#runner = runner;
    this.memory = new Map([...(term.memory ?? [])].map(([name, values]) => [name, Float64Array.from(values)]));
  }

  /** Evaluates the term on a batch. */
  run({ taps, labels, indices, seed, step, weight }: TermBatch): TermValue {
    const graph = this.#graphs.get(labels.length) ?? this.#record(labels.length);
    this.#graphs.set(labels.length, graph);
    const inputs = {
      ...named('student', taps.student),
      ...named('teacher', taps.teacher),
      ...named('own', { ...this.#term.fill?.({ indices, draw: { seed, step } }), ...Object.fromEntries(this.memory) }),
      ...{ labels, indices, weight: [weight] },
    };
    const [value, ...values] = evaluateNodes(graph.roots, inputs, this.#runner);
    this.#remember = () => {
      graph.remember.forEach((entry, at) => {
        this.#replace(entry, indices, values[graph.taps.length + at]!);
      });
    };
    const gradients = graph.taps.map((name, at) => [name, values[at]!] as const);
    return { value: value![0]!, gradients: Object.fromEntries(gradients) };
  }

  /** Takes in what the last batch is remembered by. */
  remember(): void {
    this.#remember();
  }

  #record(images: number): Graph {
    const student = Object.fromEntries(
      Object.entries(this.#shapes.student).map(([tap, { height, width, channels }]) => [
        tap,
        input(`student/${tap}`, tap === 'logits' ? [images, channels] : [images, height, width, channels]),
      ]),
    );
    const { loss, remember } = recordTerm(this.#term, this.#shapes, {
      ...{ images, pass: 0, prefix: 'own/' },
      ...{ labels: input('labels', [images]), indices: input('indices', [images]) },
      student: (tap) => student[tap]!,
      teacher: (tap, shape) => input(`teacher/${tap}`, shape),
    });
    const taps = Object.keys(student);
    const [whole, ...others] = share([loss, ...Object.values(student), ...remember.map(({ value }) => value)]);
    const { gradients, adapters } = differentiate(whole!, others.slice(0, taps.length), input('weight', []));
    return { taps, remember, roots: share([whole!, ...gradients, ...others.slice(taps.length), ...adapters]) };
  }

  #replace({ name, places }: Remembered, indices: Uint32Array, values: Float64Array): void {
    const rows = places ? indices : Uint32Array.of(0);
    const size = values.length / rows.length;
    rows.forEach((place, row) => {
      this.memory.get(name)!.set(values.subarray(row * size, (row + 1) * size), place * size);
    });
  }
}

/** What a method is evaluated on. */
export interface Evaluation extends Partial<Pick<TermBatch, 'labels' | 'seed' | 'step' | 'weight'>> {
  readonly method: KdMethod;
  readonly options?: JsonObject;
  readonly shapes: TapShapes;
  readonly taps: TermBatch['taps'];
  /** Runs the term's adapters; those that have learned nothing unless told. */
  readonly runner?: AdapterCallbacks;
}

/** Value and gradients of a method on given taps, all of which it reads, in float64. */
export function evaluate({ method, shapes, taps, runner, ...rest }: Evaluation): TermValue {
  const { labels = referenceLabels, seed = 0, step = 0, weight = 1 } = rest;
  const term = method.create(optionsOf(method, rest.options), shapes, shapes, someSplit);
  const indices = Uint32Array.from(labels, (_, image) => image);
  return new TermInFloat64(term, shapes, runner).run({ taps, labels, indices, seed, step, weight });
}

/** The shape of one image of a reference input: [N, C] or [N, H, W, C]. */
export const shapeOf = (shape: readonly number[]): Shape =>
  shape.length === 2
    ? { height: 1, width: 1, channels: shape[1]! }
    : { height: shape[1]!, width: shape[2]!, channels: shape[3]! };

/** Shapes and values of taps. */
interface ReferenceTap extends Pick<Evaluation, 'shapes'> {
  readonly taps: Sides<Readonly<Record<string, Float64Array>>>;
}

/** Shapes and values of one tap from two inputs of the reference file, by name. */
export function referenceTap(tap: string, names: Sides<string>): ReferenceTap {
  const [student, teacher] = [referenceInput(names.student), referenceInput(names.teacher)];
  return {
    shapes: { student: { [tap]: shapeOf(student.shape) }, teacher: { [tap]: shapeOf(teacher.shape) } },
    taps: { student: { [tap]: student.values }, teacher: { [tap]: teacher.values } },
  };
}

/** Shapes of one equally shaped tap on both sides. */
export const alike = (tap: string, shape: Shape): TapShapes => ({
  teacher: { [tap]: shape },
  student: { [tap]: shape },
});
