import { tensor, type Tensor } from '@tensorflow/tfjs-core';
import { doubleAt, floatAt } from '../../../util/at.ts';
import { lengthOf, valuesOf, withGradient } from './values.ts';

/**
 * Relations of rows [N, D], from their differences, in float64. ‖a‖² + ‖b‖² − 2⟨a, b⟩ would lose every digit where rows nearly
 * agree: images that are there twice, or features far from 0. O(N² D), as a matrix of products; cosines O(N³) beside that.
 */

/** Rows, one behind the other. */
interface Rows {
  readonly values: Float32Array;
  readonly count: number;
  readonly length: number;
}

const rowsOf = (of: Tensor): Rows => ({ values: valuesOf(of), count: lengthOf(of, 0), length: lengthOf(of, 1) });

/** Q_ij = ‖v_i − v_j‖²: [N, N], symmetric. */
function squaredDistances({ values, count, length }: Rows): Float64Array {
  const squares = new Float64Array(count * count);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let d = 0; d < length; d++) sum += (floatAt(values, i * length + d) - floatAt(values, j * length + d)) ** 2;
      squares[i * count + j] = sum;
      squares[j * count + i] = sum;
    }
  return squares;
}

/** dL/dv_i = Σ_j 2 (S_ij + S_ji) (v_i − v_j), S = dL/dQ. */
function rowSlopes(slopes: Float64Array, { values, count, length }: Rows): Float32Array {
  const sums = new Float64Array(values.length);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++) {
      const slope = 2 * (doubleAt(slopes, i * count + j) + doubleAt(slopes, j * count + i));
      if (slope === 0) continue;
      for (let p = i * length, q = j * length; p < (i + 1) * length; p++, q++) {
        const pull = slope * (floatAt(values, p) - floatAt(values, q));
        sums[p] = doubleAt(sums, p) + pull;
        sums[q] = doubleAt(sums, q) - pull;
      }
    }
  return Float32Array.from(sums);
}

/**
 * Distances of all pairs of rows.
 *
 * @param of - [N, D]
 * @returns [N, N]; of equal rows 0, without a slope
 */
export function pairDistances(of: Tensor): Tensor {
  const rows = rowsOf(of);
  const distances = squaredDistances(rows).map(Math.sqrt);
  return withGradient(
    [of],
    () => tensor(Float32Array.from(distances), [rows.count, rows.count]),
    (dy) => {
      const given = valuesOf(dy);
      const slopes = distances.map((distance, pair) => (distance > 0 ? floatAt(given, pair) / (2 * distance) : 0));
      return [tensor(rowSlopes(slopes, rows), of.shape)];
    },
  );
}

/** Squares and inverses of distances; the inverse of 0 is 0. */
interface Lengths {
  readonly squares: Float64Array;
  readonly inverses: Float64Array;
  readonly count: number;
}

/** By the law of cosines: (Q_ij + Q_ik − Q_jk) / (2 d_ij d_ik). */
function cosinesOf({ squares, inverses, count }: Lengths): Float64Array {
  const cosines = new Float64Array(count ** 3);
  let at = 0;
  for (let i = 0; i < count; i++)
    for (let ij = i * count, j = 0; j < count; j++, ij++)
      for (let ik = i * count, jk = j * count, k = 0; k < count; k++, ik++, jk++, at++) {
        const product = doubleAt(squares, ij) + doubleAt(squares, ik) - doubleAt(squares, jk);
        cosines[at] = (product * doubleAt(inverses, ij) * doubleAt(inverses, ik)) / 2;
      }
  return cosines;
}

/** dL/dQ of {@link cosinesOf}. */
function cosineSlopes(dy: Float32Array, cosines: Float64Array, { inverses, count }: Lengths): Float64Array {
  const slopes = new Float64Array(count * count);
  let at = 0;
  for (let i = 0; i < count; i++)
    for (let ij = i * count, j = 0; j < count; j++, ij++)
      for (let ik = i * count, jk = j * count, k = 0; k < count; k++, ik++, jk++, at++) {
        const [slope, cosine] = [floatAt(dy, at) / 2, doubleAt(cosines, at)];
        const [toJ, toK] = [doubleAt(inverses, ij), doubleAt(inverses, ik)];
        slopes[ij] = doubleAt(slopes, ij) + slope * toJ * (toK - cosine * toJ);
        slopes[ik] = doubleAt(slopes, ik) + slope * toK * (toJ - cosine * toK);
        slopes[jk] = doubleAt(slopes, jk) - slope * toJ * toK;
      }
  return slopes;
}

/**
 * Cosines of the angles of all triples of rows: at v_i, between the directions of v_j and v_k.
 *
 * @param of - [N, D]
 * @returns [N, N, N] by i, j, k; 0 without a slope where v_j or v_k equals v_i
 */
export function tripleCosines(of: Tensor): Tensor {
  const rows = rowsOf(of);
  const { count } = rows;
  const squares = squaredDistances(rows);
  const inverses = squares.map((square) => (square > 0 ? 1 / Math.sqrt(square) : 0));
  const lengths = { squares, inverses, count };
  const cosines = cosinesOf(lengths);
  return withGradient(
    [of],
    () => tensor(Float32Array.from(cosines), [count, count, count]),
    (dy) => [tensor(rowSlopes(cosineSlopes(valuesOf(dy), cosines, lengths), rows), of.shape)],
  );
}
