import { lengthOf, sizeOf, type Dimensions, type Node, type NodeOf } from '../../../algebra/node.ts';
import { at } from '../../../../util/at.ts';
import type { Ref } from '../../program.ts';
import type { ProgramBuilder } from '../program-builder.ts';
import { coalesce, dense, type View } from './views.ts';

/** Where values lie. */
interface Memory {
  view(node: Node): View;
  /** Without gaps: copied where it has some. */
  dense(node: Node): Ref;
}

/** A stack of matrices: floats from one to the next, and from row to row and column to column within each. */
interface Matrices {
  readonly ref: Ref;
  readonly batch: number;
  readonly row: number;
  readonly column: number;
}

/** The stride of a stack over all outer dimensions: 0 for one matrix; undefined where they are no even stack. */
function batchStride(shape: Dimensions, strides: readonly number[]): number | undefined {
  if (shape.length === 0) return 0;
  const walk = coalesce({ shape, strides: [strides], reduced: [] });
  const long = walk.shape.flatMap((length, axis) => (length > 1 ? [axis] : []));
  if (long.length > 1) return undefined;
  return at(at(walk.strides, 0), long[0] ?? 0);
}

/** A view as a stack of matrices whose rows or columns have no gaps; undefined where it is none. */
function matricesOf({ ref, strides }: View, shape: Dimensions): Matrices | undefined {
  const batch = batchStride(shape.slice(0, -2), strides.slice(0, -2));
  const [rows, columns] = [shape.at(-2), shape.at(-1)];
  let [row, column] = [at(strides, strides.length - 2), at(strides, strides.length - 1)];
  if (rows === 1) row = column === 1 ? at(shape, shape.length - 1) : 1;
  if (columns === 1) column = row === 1 ? at(shape, shape.length - 2) : 1;
  return batch === undefined || (row !== 1 && column !== 1) ? undefined : { ref, batch, row, column };
}

function operand(node: Node, transposed: boolean, memory: Memory): Matrices {
  const { shape } = node;
  const found = matricesOf(memory.view(node), shape) ?? matricesOf(dense(memory.dense(node), shape), shape);
  if (!found) throw new Error(`no matrices of [${shape.join(', ')}]`);
  return transposed ? { ...found, row: found.column, column: found.row } : found;
}

/**
 * Emits a product of matrices.
 *
 * @param builder - receives the operation
 * @param node - the product
 * @param places - where it happens
 * @param places.memory - where its factors lie
 * @param places.y - where it goes, dense
 */
export function emitProduct(
  builder: ProgramBuilder<string>,
  node: NodeOf<'matmul'>,
  places: { readonly memory: Memory; readonly y: Ref },
): void {
  const { memory, y } = places;
  const [left, right] = [at(node.inputs, 0), at(node.inputs, 1)];
  const { transposeA, transposeB } = node.attributes;
  const [a, b] = [operand(left, transposeA, memory), operand(right, transposeB, memory)];
  const depth = lengthOf(left, transposeA ? -2 : -1);
  const [rows, columns] = [lengthOf(node, -2), lengthOf(node, -1)];
  const batch = sizeOf(node.shape.slice(0, -2));
  // A stack whose rows go on evenly, times one matrix, is one product.
  const isOne = b.batch === 0 && a.batch === rows * a.row;
  const strides = { aRow: a.row, aDepth: a.column, bDepth: b.row, bColumn: b.column, depth, columns };
  builder.emit(
    'matrix-product',
    { a: a.ref, b: b.ref, y },
    isOne
      ? { ...strides, batch: 1, rows: batch * rows, aBatch: 0, bBatch: 0 }
      : { ...strides, batch, rows, aBatch: a.batch, bBatch: b.batch },
  );
}
