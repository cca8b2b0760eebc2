import { at } from '../../util/at.ts';
import { constant } from './inputs.ts';
import { isSameShape, lengthOf, makeNode, refuse, shapeText, sizeOf, type Dimensions, type Node } from './node.ts';

/** The same values in other places. What changes nothing makes no node. All throw Error for shapes that do not fit. */

/**
 * Shape of arrays that broadcast, as in NumPy.
 *
 * @param shapes - at least one
 * @returns the shape of all; undefined where they do not broadcast
 */
export function broadcastShape(shapes: readonly Dimensions[]): Dimensions | undefined {
  const rank = Math.max(...shapes.map(({ length }) => length));
  const lengths = Array.from({ length: rank }, (_, axis) => {
    const own = shapes.map((shape) => shape[axis + shape.length - rank] ?? 1);
    const length = own.find((each) => each !== 1) ?? 1;
    return own.every((each) => each === 1 || each === length) ? length : -1;
  });
  return lengths.includes(-1) ? undefined : lengths;
}

/**
 * What is the same along some dimensions, without them: elementwise operations are computed of this alone.
 *
 * @param node - any
 * @returns what a broadcast repeats, a constant as a scalar; else the node itself
 */
export function unrepeated(node: Node): Node {
  if (node.op === 'constant') return isSameShape(node.shape, []) ? node : constant(node.attributes.value);
  const [repeated] = node.inputs;
  return node.op === 'broadcast' && repeated ? repeated : node;
}

/**
 * The same elements in another shape.
 *
 * @param x - any shape
 * @param shape - as many elements; one length may be −1: what is left
 * @returns the array
 */
export function reshape(x: Node, shape: Dimensions): Node {
  const known = sizeOf(shape.filter((length) => length !== -1));
  const whole = shape.map((length) => (length === -1 ? sizeOf(x.shape) / known : length));
  if (sizeOf(whole) !== sizeOf(x.shape) || !whole.every(Number.isInteger))
    refuse('reshape', [x], `no shape of ${shapeText(shape)}`);
  if (isSameShape(whole, x.shape)) return x;
  if (x.op === 'constant') return constant(x.attributes.value, whole);
  return x.op === 'reshape' ? reshape(at(x.inputs, 0), whole) : makeNode('reshape', [x], {}, whole);
}

/**
 * The same values along dimensions of length 1, which become longer, and along new outer ones.
 *
 * @param x - any shape
 * @param shape - that it broadcasts to
 * @returns the array
 */
export function broadcast(x: Node, shape: Dimensions): Node {
  const common = broadcastShape([x.shape, shape]);
  if (!common || !isSameShape(common, shape)) refuse('broadcast', [x], `no shape of ${shapeText(shape)}`);
  if (isSameShape(x.shape, shape)) return x;
  return x.op === 'constant' ? constant(x.attributes.value, shape) : makeNode('broadcast', [unrepeated(x)], {}, shape);
}

/**
 * Moves dimensions.
 *
 * @param x - any shape
 * @param permutation - dimension k of the result is dimension permutation[k]; in reverse order by default
 * @returns the transposed array
 */
export function transpose(x: Node, permutation: readonly number[] = x.shape.map((_, axis) => axis).reverse()): Node {
  const isWhole = x.shape.every((_, axis) => permutation.includes(axis)) && permutation.length === x.shape.length;
  if (!isWhole) refuse('transpose', [x], `${permutation.join(', ')} is no permutation of its dimensions`);
  const shape = permutation.map((axis) => lengthOf(x, axis));
  const isStill = permutation.every((axis, k) => axis === k);
  return isStill ? x : makeNode('transpose', [x], { permutation }, shape);
}

/** A dimension of a node, from 0. */
const axisOf = (x: Node, axis: number): number => (axis < 0 ? axis + x.shape.length : axis);

/**
 * Joins arrays along a dimension.
 *
 * @param parts - at least one; all other dimensions are equal
 * @param axis - from 0; negative ones count from the end
 * @returns the array
 */
export function concat(parts: readonly Node[], axis: number): Node {
  const [first, ...rest] = parts;
  if (!first) throw new Error('concat of nothing');
  const along = axisOf(first, axis);
  const others = (node: Node): Dimensions => node.shape.toSpliced(along, 1);
  const isAlike = rest.every((part) => isSameShape(others(part), others(first)));
  if (!isAlike || along < 0 || along >= first.shape.length) refuse('concat', parts, `no array along dimension ${axis}`);
  const length = parts.reduce((total, part) => total + lengthOf(part, along), 0);
  return rest.length === 0 ? first : makeNode('concat', parts, { axis: along }, first.shape.with(along, length));
}

/** Which places of a dimension. */
export interface Range {
  /** From 0; negative ones count from the end. */
  readonly axis: number;
  /** The first place. */
  readonly from: number;
  /** How many. */
  readonly length: number;
}

/**
 * Part of an array along a dimension.
 *
 * @param x - any shape
 * @param range - which part
 * @returns the array, as long as the range in that dimension
 */
export function slice(x: Node, range: Range): Node {
  const { axis, from, length } = range;
  const along = axisOf(x, axis);
  const whole = lengthOf(x, along);
  if (from < 0 || length < 1 || from + length > whole)
    refuse('slice', [x], `no places ${from} to ${from + length} along dimension ${axis}`);
  return length === whole ? x : makeNode('slice', [x], { axis: along, from }, x.shape.with(along, length));
}
