import { lengthOf, makeNode, refuse, type Node, type Op } from './node.ts';

/** Relations of the rows of a batch. Differences come before products, so that rows which nearly agree lose no digits. */

const requireRows = (op: Op, rows: Node): void => {
  if (rows.shape.length !== 2 || rows.dtype !== 'float32') refuse(op, [rows], 'it takes rows [N, D]');
};

/**
 * Distances of all pairs of rows, ‖v_i − v_j‖.
 *
 * @param rows - v, [N, D]
 * @returns [N, N]; of equal rows 0, without a slope
 */
export function pairDistances(rows: Node): Node {
  requireRows('pairDistances', rows);
  const count = lengthOf(rows, 0);
  return makeNode('pairDistances', [rows], {}, { shape: [count, count] });
}

/**
 * Cosines of the angles of all triples of rows: at v_i, between the directions of v_j and v_k.
 *
 * @param rows - v, [N, D]
 * @returns [N, N, N] by i, j, k; 0 without a slope where v_j or v_k equals v_i
 */
export function tripleCosines(rows: Node): Node {
  requireRows('tripleCosines', rows);
  const count = lengthOf(rows, 0);
  return makeNode('tripleCosines', [rows], {}, { shape: [count, count, count] });
}
