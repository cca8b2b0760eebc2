import { tensor, type Tensor } from '@tensorflow/tfjs-core';
import { floatAt } from '../../../util/at.ts';
import { lengthOf, valuesOf, withGradient } from './values.ts';

/** Least squared norm. */
const LEAST = 1e-24;

/** Rows y = x/‖x‖, and their norms. */
interface UnitRows {
  readonly rows: Float32Array;
  readonly lengths: Float64Array;
}

function normalise(values: Float32Array, n: number): UnitRows {
  const [rows, lengths] = [new Float32Array(values.length), new Float64Array(values.length / n)];
  for (let row = 0, from = 0; row < lengths.length; row++, from += n) {
    let squares = 0;
    for (let i = from; i < from + n; i++) squares += floatAt(values, i) * floatAt(values, i);
    const length = Math.sqrt(Math.max(squares, LEAST));
    lengths[row] = length;
    for (let i = from; i < from + n; i++) rows[i] = floatAt(values, i) / length;
  }
  return { rows, lengths };
}

/** Gradient of {@link normalise}: (dy − y ⟨y, dy⟩)/‖x‖; dy/‖x‖ where ‖x‖ is the least there is. */
function normaliseSlopes(dy: Float32Array, { rows, lengths }: UnitRows): Float32Array {
  const [slopes, n] = [new Float32Array(dy.length), dy.length / lengths.length];
  lengths.forEach((length, row) => {
    const [from, end] = [row * n, (row + 1) * n];
    let along = 0;
    if (length * length > LEAST) for (let i = from; i < end; i++) along += floatAt(rows, i) * floatAt(dy, i);
    for (let i = from; i < end; i++) slopes[i] = (floatAt(dy, i) - along * floatAt(rows, i)) / length;
  });
  return slopes;
}

/**
 * Rows divided by their L2 norms, at least 1e-12: one pass over the values, and one back.
 *
 * @param rows - [..., n]
 * @returns the same shape
 */
export function unitRows(rows: Tensor): Tensor {
  const made = normalise(valuesOf(rows), lengthOf(rows, -1));
  return withGradient(
    [rows],
    () => tensor(made.rows, rows.shape),
    (dy) => [tensor(normaliseSlopes(valuesOf(dy), made), rows.shape)],
  );
}
