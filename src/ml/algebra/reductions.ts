import { at } from '../../util/at.ts';
import { add, div, exp, factorOf, log, mul, sub } from './arithmetic.ts';
import { lengthOf, makeNode, refuse, sizeOf, type Node, type Reduction } from './node.ts';
import { broadcast, reshape, unrepeated } from './shapes.ts';

/** Which dimensions go, and whether they stay with length 1; all of them go by default. */
type Options = Partial<Reduction>;

/** Dimensions ascending, counted from 0, and the shape of the result. */
function resolve(op: string, x: Node, { axes, keepDims = false }: Options) {
  const rank = x.shape.length;
  const asked = axes ? axes.map((axis) => (axis < 0 ? axis + rank : axis)) : x.shape.map((_, axis) => axis);
  const isValid = asked.every((axis) => axis >= 0 && axis < rank) && new Set(asked).size === asked.length;
  if (!isValid) refuse(op, [x], `no dimensions ${asked.join(', ')}`);
  const resolved = asked.toSorted((a, b) => a - b);
  const kept = x.shape.map((length, axis) => (resolved.includes(axis) ? 1 : length));
  return { axes: resolved, keepDims, shape: keepDims ? kept : kept.filter((_, axis) => !resolved.includes(axis)) };
}

/**
 * Sum over dimensions. Equal values are multiplied instead of added, and a constant factor is applied to the sum.
 *
 * @param x - any shape
 * @param options - all dimensions go by default
 * @returns the sum
 */
export function sum(x: Node, options: Options = {}): Node {
  const { axes, keepDims, shape } = resolve('sum', x, options);
  const each = unrepeated(x);
  if (sizeOf(each.shape) < sizeOf(x.shape)) {
    const once = [...new Array<number>(x.shape.length - each.shape.length).fill(1), ...each.shape];
    const times = sizeOf(axes.map((axis) => lengthOf(x, axis) / (once[axis] ?? 1)));
    const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    return reshape(broadcast(mul(sum(reshape(each, once), { axes, keepDims: true }), times), kept), shape);
  }
  const factor = factorOf(x);
  if (factor !== null) return mul(sum(at(x.inputs, 0), options), factor);
  const isOne = axes.every((axis) => lengthOf(x, axis) === 1);
  return isOne ? reshape(x, shape) : makeNode('sum', [x], { axes, keepDims }, shape);
}

/**
 * The largest value over dimensions; no gradient.
 *
 * @param x - any shape
 * @param options - all dimensions go by default
 * @returns the largest
 */
export function max(x: Node, options: Options = {}): Node {
  const { axes, keepDims, shape } = resolve('max', x, options);
  return makeNode('max', [x], { axes, keepDims }, shape);
}

/**
 * The same values, constant: no gradient goes through.
 *
 * @param x - any shape
 * @returns the array
 */
export const withoutGradient = (x: Node): Node => max(reshape(x, [1, ...x.shape]), { axes: [0] });

/**
 * Mean over dimensions.
 *
 * @param x - any shape
 * @param options - all dimensions go by default
 * @returns the mean
 */
export function mean(x: Node, options: Options = {}): Node {
  const { axes } = resolve('mean', x, options);
  return mul(sum(x, options), 1 / sizeOf(axes.map((axis) => lengthOf(x, axis))));
}

/** Sum of each row of the last dimension, which goes: [..., n] → [...]. */
export const sumRows = (x: Node): Node => sum(x, { axes: [-1] });

const byRow = { axes: [-1], keepDims: true };

/** What softmax and its relatives are made of: rows less their largest value, the exponentials of that, and their sums. */
function exponentials(x: Node) {
  const largest = max(x, byRow);
  const shifted = sub(x, largest);
  const each = exp(shifted);
  return { largest, shifted, each, sums: sum(each, byRow) };
}

/**
 * Softmax of each row of the last dimension.
 *
 * @param x - [..., n]
 * @returns the same shape
 */
export function softmax(x: Node): Node {
  const { each, sums } = exponentials(x);
  return div(each, sums);
}

/**
 * Logarithm of {@link softmax}, exact where a probability is small.
 *
 * @param x - [..., n]
 * @returns the same shape
 */
export function logSoftmax(x: Node): Node {
  const { shifted, sums } = exponentials(x);
  return sub(shifted, log(sums));
}

/**
 * log Σ eˣ of each row, exact for large x.
 *
 * @param x - [..., n]
 * @returns [...]
 */
export function logSumExp(x: Node): Node {
  const { largest, sums } = exponentials(x);
  return reshape(add(log(sums), largest), x.shape.slice(0, -1));
}
