import { isSameShape, lengthOf, makeNode, refuse, sizeOf, type Dimensions, type Node, type Op } from './node.ts';

/** Which factors are transposed first. */
export interface Transposes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const requireRank = (op: Op, x: Node, ranks: readonly number[]): void => {
  if (!ranks.includes(x.shape.length)) refuse(op, [x], `it takes ${ranks.join(' or ')} dimensions`);
};

/**
 * Products of matrices.
 *
 * @param a - [..., m, k], or [..., k, m] transposed
 * @param b - [..., k, n], or [..., n, k] transposed; the same outer dimensions
 * @param transposes - none by default
 * @returns [..., m, n]
 */
export function matmul(a: Node, b: Node, transposes: Transposes = {}): Node {
  const { transposeA = false, transposeB = false } = transposes;
  const [outer, inner] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [m, depth] = [lengthOf(a, transposeA ? -1 : -2), lengthOf(a, transposeA ? -2 : -1)];
  const [n, other] = [lengthOf(b, transposeB ? -2 : -1), lengthOf(b, transposeB ? -1 : -2)];
  if (depth !== other || !isSameShape(outer, inner)) refuse('matmul', [a, b], 'the matrices do not meet');
  return makeNode('matmul', [a, b], { transposeA, transposeB }, { shape: [...outer, m, n] });
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
  return makeNode('transpose', [x], { permutation }, { ...x, shape: permutation.map((axis) => lengthOf(x, axis)) });
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
    refuse('reshape', [x], `no shape of [${shape.join(', ')}]`);
  return makeNode('reshape', [x], {}, { ...x, shape: whole });
}

/**
 * Joins arrays along a dimension.
 *
 * @param parts - at least one; all other dimensions are equal
 * @param axis - from 0; negative ones count from the end
 * @returns the array
 */
export function concat(parts: readonly Node[], axis: number): Node {
  const [first] = parts;
  if (!first) throw new Error('concat of nothing');
  const at = axis < 0 ? axis + first.shape.length : axis;
  const others = (node: Node): Dimensions => node.shape.toSpliced(at, 1);
  const isAlike = parts.every((part) => part.dtype === first.dtype && isSameShape(others(part), others(first)));
  if (!isAlike || at < 0 || at >= first.shape.length) refuse('concat', parts, `no array along dimension ${axis}`);
  const length = parts.reduce((total, part) => total + lengthOf(part, at), 0);
  return makeNode('concat', parts, { axis: at }, { ...first, shape: first.shape.with(at, length) });
}

/**
 * Rows by their places.
 *
 * @param table - [n, ...]
 * @param places - int32, any shape; no gradient
 * @returns the shape of the places, then that of a row
 */
export function gather(table: Node, places: Node): Node {
  const inputs = [table, places];
  if (places.dtype !== 'int32' || table.shape.length === 0) refuse('gather', inputs, 'it takes rows and int32 places');
  return makeNode('gather', inputs, {}, { ...table, shape: [...places.shape, ...table.shape.slice(1)] });
}

/**
 * Rows divided by their L2 norms, at least 1e-12.
 *
 * @param rows - [..., n]
 * @returns the same shape
 */
export function unitRows(rows: Node): Node {
  if (rows.shape.length === 0) refuse('unitRows', [rows], 'it takes rows');
  return makeNode('unitRows', [rows], {}, rows);
}

/**
 * Gram matrix of rows, F Fᵀ, or of each image's.
 *
 * @param rows - [N, D] or [N, P, D]
 * @returns [N, N] or [N, P, P]
 */
export function rowGram(rows: Node): Node {
  requireRank('rowGram', rows, [2, 3]);
  const count = lengthOf(rows, -2);
  return makeNode('rowGram', [rows], {}, { shape: [...rows.shape.slice(0, -2), count, count] });
}

/**
 * Gram matrices of columns, Fᵀ F of each image.
 *
 * @param of - [N, P, C]
 * @returns [N, C, C]
 */
export function columnGram(of: Node): Node {
  requireRank('columnGram', of, [3]);
  const channels = lengthOf(of, 2);
  return makeNode('columnGram', [of], {}, { shape: [lengthOf(of, 0), channels, channels] });
}

const perColumn =
  (op: 'columnMeans' | 'columnEnergies' | 'columnSpreads') =>
  (of: Node): Node => {
    requireRank(op, of, [3]);
    return makeNode(op, [of], {}, { shape: [lengthOf(of, 0), 1, lengthOf(of, 2)] });
  };

/** Means of columns: [N, P, C] → [N, 1, C]. */
export const columnMeans = perColumn('columnMeans');
/** Squared lengths of columns, Σ f²: [N, P, C] → [N, 1, C]. */
export const columnEnergies = perColumn('columnEnergies');
/** Squared deviations of columns from their means, Σ (f − mean)²: [N, P, C] → [N, 1, C]. */
export const columnSpreads = perColumn('columnSpreads');

/**
 * Squared distance of each channel, Σ (a − b)² over all other dimensions.
 *
 * @param a - [..., C]
 * @param b - the same shape
 * @returns [C]
 */
export function channelDistances(a: Node, b: Node): Node {
  if (!isSameShape(a.shape, b.shape)) refuse('channelDistances', [a, b], 'the shapes differ');
  return makeNode('channelDistances', [a, b], {}, { shape: [lengthOf(a, -1)] });
}
