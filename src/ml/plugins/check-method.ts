import type { Json, JsonObject } from '../../core/json.ts';
import type { Adapter } from '../algebra/adapter.ts';
import { differentiate } from '../algebra/gradients.ts';
import { array, input } from '../algebra/inputs.ts';
import { matmul } from '../algebra/matrices.ts';
import { sizeOf, type Node } from '../algebra/node.ts';
import { reshape } from '../algebra/shapes.ts';
import type { KdLoss, KdMethod, KdSplit, TapShapes } from '../methods/kd-method.ts';
import { recordTerm, tapDimensions } from '../methods/terms/record-term.ts';
import { flatRows } from '../methods/terms/rows.ts';
import { CLASSIFIER } from '../methods/terms/taps.ts';
import { LAST_MAP } from '../network/last-map.ts';
import type { Shape } from '../network/network.ts';
import { checkLoss, someNumbers, type LossCheck, type TriedLoss } from './check-loss.ts';

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
  [LAST_MAP]: { height: 2, width: 2, channels: 4 },
  [CLASSIFIER]: { height: 5, width: 1, channels: 4 },
};

function failTap(problem: string): never {
  throw new Error(problem);
}

/** Stands for an adapter that has learned nothing: each output value is the input value at the same place of the image. */
function echo({ network }: Adapter, map: Node): Node {
  const { height, width, channels } = network.layers.at(-1)?.shape ?? network.input;
  const [from, to] = [sizeOf(map.shape) / IMAGES, height * width * channels];
  const picks = new Array<number>(from * to).fill(0);
  for (let k = 0; k < to; k++) picks[Math.floor((k * from) / to) * to + k] = 1;
  return reshape(matmul(flatRows(map), array(picks, [from, to])), [IMAGES, height, width, channels]);
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

function tryTerm(term: KdLoss, shapes: TapShapes): TriedLoss {
  const sides = { student: tapNodes('student', shapes), teacher: tapNodes('teacher', shapes) };
  const of =
    (side: keyof TapShapes) =>
    (tap: string): Node =>
      sides[side][tap] ?? failTap(`it reads ${tap}, which its taps do not name`);
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
    sizes: sizesOf('student', sides.student),
    inputs: {
      ...{ labels: LABELS, indices },
      ...Object.fromEntries(teacher.map(([name, size]) => [name, someNumbers(size, 2)])),
      ...Object.fromEntries(term.memory ?? []),
      ...term.fill?.({ indices, draw: { seed: 3, step: 2 } }),
    },
  };
}

function defaultsOf({ options }: KdMethod): JsonObject {
  const stated = Object.entries(options).flatMap(([name, { default: value }]): [string, Json][] =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries(stated);
}

/** The term with the defaults of its options, on networks of equal shapes. */
function termOf(method: KdMethod): TriedLoss {
  const [options, names] = [defaultsOf(method), Object.keys(SHAPES)];
  // A student has no more than its model's taps, unless the method makes its network.
  const others = method.network ? [CLASSIFIER] : [CLASSIFIER, LAST_MAP];
  const sides = method.taps(options, { teacher: names, student: names.filter((name) => !others.includes(name)) });
  const only = (taps: readonly string[]): Readonly<Record<string, Shape>> =>
    Object.fromEntries(taps.map((tap) => [tap, SHAPES[tap] ?? failTap(`no network has a tap ${tap}`)]));
  const shapes = { teacher: only(sides.teacher), student: only(sides.student) };
  return tryTerm(method.create(options, shapes, shapes, SPLIT), shapes);
}

/**
 * Tries a method on a small batch: see {@link checkLoss}. It reads what its taps name, and reaches every tap of the student that it names.
 *
 * @param name - of the method
 * @param method - the method; its options have their defaults
 * @param shown - the plugin's file, as failures show it
 * @returns its loss, and how well the gradients fit
 * @throws FailureError `invalid-plugin` with what is wrong
 */
export const checkMethod = (name: string, method: KdMethod, shown: string): LossCheck =>
  checkLoss(`methods.${name}`, shown, () => termOf(method));
