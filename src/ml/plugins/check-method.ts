import { fail, FailureError } from '../../core/failure.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Adapter } from '../algebra/adapter.ts';
import { differentiate } from '../algebra/gradients.ts';
import { array, input } from '../algebra/inputs.ts';
import { matmul } from '../algebra/matrices.ts';
import { sizeOf, type Node } from '../algebra/node.ts';
import { reshape } from '../algebra/shapes.ts';
import { evaluateExpressions, type InputArrays } from '../engines/evaluate-expression.ts';
import type { KdLoss, KdMethod, KdSplit, TapShapes } from '../methods/kd-method.ts';
import { recordTerm, tapDimensions } from '../methods/terms/record-term.ts';
import { flatRows } from '../methods/terms/rows.ts';
import { CLASSIFIER } from '../methods/terms/taps.ts';
import type { Shape } from '../network/network.ts';

/** What is known of a method after it was tried. */
export interface MethodCheck {
  /** L_kd of some batch. */
  readonly loss: number;
  /** Largest difference of a slope of the gradient and of the loss itself, as a share of both. */
  readonly difference: number;
}

/** A batch, and a training split of six images of three classes. */
const IMAGES = 4;
const LABELS = [0, 1, 2, 1];
const SPLIT: KdSplit = { labels: Int32Array.of(0, 1, 2, 1, 0, 2), seed: 5 };

/** Of both networks. */
const SHAPES: Readonly<Record<string, Shape>> = {
  block1: { height: 8, width: 4, channels: 2 },
  block2: { height: 4, width: 2, channels: 3 },
  block3: { height: 2, width: 2, channels: 4 },
  pooled: { height: 1, width: 1, channels: 4 },
  logits: { height: 1, width: 1, channels: 5 },
  [CLASSIFIER]: { height: 5, width: 1, channels: 4 },
};

/** Steps of finite differences, and how far they may be off: rounding over the step, and the third derivative. */
const STEP = 2 ** -16;
const TOLERANCE = 1e-6;

/** Numbers between 0.5 and 1.5: neither logits nor maps have kinks or vanishing norms there. */
const someNumbers = (count: number, phase: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => 1 + Math.sin(1.3 * i + phase) / 2);

/** Stands for an adapter that has learned nothing: each output value is the input value at the same place of the image. */
function echo({ network }: Adapter, map: Node): Node {
  const { height, width, channels } = network.layers.at(-1)?.shape ?? network.input;
  const [from, to] = [sizeOf(map.shape) / IMAGES, height * width * channels];
  const picks = new Array<number>(from * to).fill(0);
  for (let k = 0; k < to; k++) picks[Math.floor((k * from) / to) * to + k] = 1;
  return reshape(matmul(flatRows(map), array(picks, [from, to])), [IMAGES, height, width, channels]);
}

/** A term on a batch: its loss, its gradients, and the arrays that it reads. */
interface Tried {
  readonly roots: readonly Node[];
  /** Sizes of the student's taps by their names among the inputs. */
  readonly taps: Readonly<Record<string, number>>;
  /** Values of everything else. */
  readonly inputs: InputArrays;
}

function tapNodes(side: keyof TapShapes, shapes: TapShapes): Readonly<Record<string, Node>> {
  const nodes = Object.entries(shapes[side]).map(([tap, shape]) => {
    return [tap, input(`${side}/${tap}`, tapDimensions(tap, IMAGES, shape))] as const;
  });
  return Object.fromEntries(nodes);
}

/** Sizes of inputs by their names. */
const sizesOf = (side: keyof TapShapes, nodes: Readonly<Record<string, Node>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(nodes).map(([tap, { shape }]) => [`${side}/${tap}`, sizeOf(shape)]));

function tryTerm(term: KdLoss, shapes: TapShapes): Tried {
  const sides = { student: tapNodes('student', shapes), teacher: tapNodes('teacher', shapes) };
  const of =
    (side: keyof TapShapes) =>
    (tap: string): Node =>
      sides[side][tap] ?? fail({ code: 'invalid-plugin', message: `it reads ${tap}, which its taps do not name` });
  const batch = { images: IMAGES, labels: input('labels', [IMAGES]), indices: input('indices', [IMAGES]) };
  const sources = { ...batch, student: of('student'), teacher: of('teacher') };
  // What only a recording looks at: one scalar, each adapter used once, places for what is remembered.
  recordTerm(term, shapes, { ...sources, pass: 0, prefix: '' });
  const made = term.loss({ ...sources, step: input, memory: input, adapt: echo });
  const loss = 'op' in made ? made : made.loss;
  const indices = Uint32Array.from(LABELS, (_, image) => image);
  const teacher = Object.entries(sizesOf('teacher', sides.teacher));
  return {
    roots: [loss, ...differentiate(loss, Object.values(sides.student)).gradients],
    taps: sizesOf('student', sides.student),
    inputs: {
      ...{ labels: LABELS, indices },
      ...Object.fromEntries(teacher.map(([name, size]) => [name, someNumbers(size, 2)])),
      ...Object.fromEntries(term.memory ?? []),
      ...term.fill?.({ indices, draw: { seed: 3, step: 2 } }),
    },
  };
}

/** Loss and gradients on given taps of the student, one after the other in one array. */
function valuesOn({ roots, taps, inputs }: Tried, student: Float64Array): readonly ArrayLike<number>[] {
  let at = 0;
  const own = Object.entries(taps).map(([name, size]) => [name, student.subarray(at, (at += size))] as const);
  return evaluateExpressions(roots, { ...inputs, ...Object.fromEntries(own) });
}

const norm = (values: Iterable<number>): number => Math.hypot(...values);

/** How far the gradient is from what the loss does in one direction. */
function differenceAlong(tried: Tried, start: Float64Array, ends: Float64Array): number {
  const way = start.map((value, i) => (ends[i] ?? 0) - value);
  const length = norm(way);
  const lossAt = (step: number): number =>
    valuesOn(
      tried,
      start.map((value, i) => value + (step * (way[i] ?? 0)) / length),
    )[0]?.[0] ?? NaN;
  const [, ...gradients] = valuesOn(tried, start);
  const gradient = gradients.flatMap((values) => Array.from(values));
  const slope = gradient.reduce((sum, value, i) => sum + (value * (way[i] ?? 0)) / length, 0);
  const measured = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
  return Math.abs(measured - slope) / (Math.abs(lossAt(0)) + norm(gradient));
}

function defaultsOf({ options }: KdMethod): JsonObject {
  const stated = Object.entries(options).flatMap(([name, { default: value }]): [string, Json][] =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries(stated);
}

/** The term with the defaults of its options, on networks of equal shapes. */
function termOf(method: KdMethod): Tried {
  const [options, names] = [defaultsOf(method), Object.keys(SHAPES)];
  const sides = method.taps(options, { teacher: names, student: names.filter((name) => name !== CLASSIFIER) });
  const only = (taps: readonly string[]): Readonly<Record<string, Shape>> =>
    Object.fromEntries(
      taps.map((tap) => [tap, SHAPES[tap] ?? fail({ code: 'invalid-plugin', message: `no network has a tap ${tap}` })]),
    );
  const shapes = { teacher: only(sides.teacher), student: only(sides.student) };
  return tryTerm(method.create(options, shapes, shapes, SPLIT), shapes);
}

/** What is wrong with a method, or how well its gradient fits. */
function judged(method: KdMethod): MethodCheck | string {
  const tried = termOf(method);
  const size = Object.values(tried.taps).reduce((sum, one) => sum + one, 0);
  const start = someNumbers(size, 0);
  const [loss = [NaN], ...gradients] = valuesOn(tried, start);
  const value = loss[0] ?? NaN;
  if (!Number.isFinite(value)) return `its loss is ${value}`;
  const unreached = Object.keys(tried.taps).find((_, tap) => !(norm(Array.from(gradients[tap] ?? [])) > 0));
  if (unreached !== undefined)
    return `its loss has no finite gradient in ${unreached}, which it names among its taps, or none but 0`;
  const difference = Math.max(...[1, 3, 5].map((phase) => differenceAlong(tried, start, someNumbers(size, phase))));
  if (!(difference < TOLERANCE)) return `its gradient is not the slope of its loss: they differ by ${difference}`;
  return { loss: value, difference };
}

/**
 * Tries a method on a small batch, in float64: its expression is a finite scalar, reads what its taps name, reaches every tap of the
 * student that it names, and its gradients are what finite differences of its values show.
 *
 * @param name - of the method
 * @param method - the method; its options have their defaults
 * @param shown - the plugin's file, as failures show it
 * @returns its loss, and how well the gradients fit
 * @throws FailureError `invalid-plugin` with what is wrong
 */
export function checkMethod(name: string, method: KdMethod, shown: string): MethodCheck {
  const refuse = (problem: string): never =>
    fail({ code: 'invalid-plugin', message: `methods.${name}: ${problem}`, place: { file: shown } });
  try {
    const verdict = judged(method);
    return typeof verdict === 'string' ? refuse(verdict) : verdict;
  } catch (error) {
    if (error instanceof FailureError || !(error instanceof Error)) throw error;
    return refuse(error.message);
  }
}
