import { lengthOf, makeNode, refuse, type Node, type Op, type Reduction } from './node.ts';

/** Dimensions ascending, counted from 0; all by default. */
function resolveAxes(op: Op, x: Node, axes: readonly number[] | undefined): readonly number[] {
  const rank = x.shape.length;
  const resolved = axes ? axes.map((axis) => (axis < 0 ? axis + rank : axis)) : x.shape.map((_, axis) => axis);
  const isValid = resolved.every((axis) => axis >= 0 && axis < rank) && new Set(resolved).size === resolved.length;
  return isValid ? [...resolved].sort((a, b) => a - b) : refuse(op, [x], `no dimensions ${resolved.join(', ')}`);
}

/** Which dimensions go, and whether they stay with length 1; all of them go by default. */
type Options = Partial<Reduction>;

const reduction =
  (op: 'sum' | 'mean') =>
  (x: Node, { axes: asked, keepDims = false }: Options = {}): Node => {
    if (x.dtype !== 'float32') refuse(op, [x], 'it takes float32');
    const axes = resolveAxes(op, x, asked);
    const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const shape = keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis));
    return makeNode(op, [x], { axes, keepDims }, { shape });
  };

/** Sum over dimensions, all by default. */
export const sum = reduction('sum');
/** Mean over dimensions, all by default. */
export const mean = reduction('mean');

/** Sum of each row of the last dimension, which goes: [..., n] → [...]. */
export const sumRows = (x: Node): Node => sum(x, { axes: [-1] });

const alongRows =
  (op: 'softmax' | 'logSoftmax') =>
  (x: Node): Node => {
    if (x.dtype !== 'float32' || x.shape.length === 0) refuse(op, [x], 'it takes float32 with rows');
    return makeNode(op, [x], {}, x);
  };

/** Softmax of each row of the last dimension. */
export const softmax = alongRows('softmax');
/** Its logarithm, exact where a probability is small. */
export const logSoftmax = alongRows('logSoftmax');

/**
 * log Σ eˣ of each row, exact for large x.
 *
 * @param x - [..., n]
 * @returns [...]
 */
export function logSumExp(x: Node): Node {
  if (x.dtype !== 'float32' || lengthOf(x, -1) === 0) refuse('logSumExp', [x], 'it takes float32 with rows');
  return makeNode('logSumExp', [x], {}, { shape: x.shape.slice(0, -1) });
}
