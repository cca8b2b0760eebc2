import { equal } from './arithmetic.ts';
import { array } from './inputs.ts';
import { isSameShape, lengthOf, makeNode, refuse, type Node } from './node.ts';
import { reshape } from './shapes.ts';

/** Matrices and tables. All throw Error for shapes that do not fit. */

/** Which factors are transposed first. */
export interface Transposes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Products of matrices.
 *
 * @param a - [..., m, k], or [..., k, m] transposed
 * @param b - [..., k, n], or [..., n, k] transposed; the same outer dimensions, or one side has none: a matrix for all
 * @param transposes - none by default
 * @returns [..., m, n]
 */
export function matmul(a: Node, b: Node, transposes: Transposes = {}): Node {
  const { transposeA = false, transposeB = false } = transposes;
  const [outer, inner] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [m, depth] = [lengthOf(a, transposeA ? -1 : -2), lengthOf(a, transposeA ? -2 : -1)];
  const [n, other] = [lengthOf(b, transposeB ? -2 : -1), lengthOf(b, transposeB ? -1 : -2)];
  const isAlike = outer.length === 0 || inner.length === 0 || isSameShape(outer, inner);
  if (depth !== other || !isAlike) refuse('matmul', [a, b], 'the matrices do not meet');
  const batch = outer.length > 0 ? outer : inner;
  return makeNode('matmul', [a, b], { transposeA, transposeB }, [...batch, m, n]);
}

/**
 * Gram matrix of rows, F Fᵀ: their products with each other.
 *
 * @param rows - F, [..., N, D]
 * @returns [..., N, N]
 */
export const rowGram = (rows: Node): Node => matmul(rows, rows, { transposeB: true });

/**
 * Gram matrix of columns, Fᵀ F.
 *
 * @param rows - F, [..., N, D]
 * @returns [..., D, D]
 */
export const columnGram = (rows: Node): Node => matmul(rows, rows, { transposeA: true });

/**
 * Right singular vectors of matrices, X = U S Vᵀ, those of larger values first. Signs are such that the largest element of each
 * vector is positive; those of equal values may be turned. Values of no more than 2⁻²³ of the largest have a vector of zeros.
 *
 * @param x - X, [..., m, n]
 * @returns V, [..., n, min(m, n)]: a vector a column; no gradient passes between vectors whose squared values are as near as that
 */
export function rightSingularVectors(x: Node): Node {
  const [m, n] = [lengthOf(x, -2), lengthOf(x, -1)];
  return makeNode('rightSingularVectors', [x], {}, [...x.shape.slice(0, -2), n, Math.min(m, n)]);
}

/** 0 … n − 1. */
const numbers = (n: number): Node => array(Array.from({ length: n }, (_, i) => i));

/**
 * Indicator vectors of classes.
 *
 * @param labels - class indices [N]
 * @param classes - C
 * @returns [N, C]: 1 at the class, 0 elsewhere; no gradient
 */
export function oneHot(labels: Node, classes: number): Node {
  if (labels.shape.length !== 1) refuse('oneHot', [labels], 'it takes [N]');
  return equal(reshape(labels, [-1, 1]), numbers(classes));
}

/**
 * The identity matrix.
 *
 * @param size - n
 * @returns [n, n]
 */
export const identity = (size: number): Node => oneHot(numbers(size), size);

/**
 * Rows by their places; no gradient.
 *
 * @param table - [n, D]
 * @param places - whole numbers [N]
 * @returns [N, D]
 */
export function gather(table: Node, places: Node): Node {
  const inputs = [table, places];
  if (table.shape.length !== 2 || places.shape.length !== 1) refuse('gather', inputs, 'it takes [n, D] and [N]');
  return makeNode('gather', inputs, {}, [lengthOf(places, 0), lengthOf(table, 1)]);
}

/**
 * Products of rows with rows of a table: ⟨x_i, table[places_ij]⟩.
 *
 * @param x - [N, D]
 * @param table - [n, D]; no gradient
 * @param places - whole numbers [N, J]
 * @returns [N, J]
 */
export function gatherProducts(x: Node, table: Node, places: Node): Node {
  const inputs = [x, table, places];
  const isFitting =
    inputs.every(({ shape }) => shape.length === 2) &&
    lengthOf(x, 1) === lengthOf(table, 1) &&
    lengthOf(x, 0) === lengthOf(places, 0);
  if (!isFitting) refuse('gatherProducts', inputs, 'it takes [N, D], [n, D] and [N, J]');
  return makeNode('gatherProducts', inputs, {}, places.shape);
}

/**
 * Weighted sums of rows of a table: Σ_j x_ij · table[places_ij]; no gradient.
 *
 * @param x - [N, J]
 * @param table - [n, D]
 * @param places - whole numbers [N, J]
 * @returns [N, D]
 */
export function gatherSums(x: Node, table: Node, places: Node): Node {
  const inputs = [x, table, places];
  if (table.shape.length !== 2 || x.shape.length !== 2 || !isSameShape(x.shape, places.shape))
    refuse('gatherSums', inputs, 'it takes [N, J], [n, D] and [N, J]');
  return makeNode('gatherSums', inputs, {}, [lengthOf(x, 0), lengthOf(table, 1)]);
}
