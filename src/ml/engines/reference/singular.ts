import { at, put } from './arrays.ts';

const SWEEPS = 40;
/** Of the largest squared value: the square of float32's rounding. */
const NOTHING = 2 ** -46;

/** Turns columns p and q of a matrix by an angle. */
function turn(
  matrix: Float64Array,
  columns: number,
  [p, q]: readonly [number, number],
  [c, s]: readonly [number, number],
) {
  for (let row = 0; row < matrix.length; row += columns) {
    const [x, y] = [at(matrix, row + p), at(matrix, row + q)];
    matrix[row + p] = c * x - s * y;
    matrix[row + q] = s * x + c * y;
  }
}

function dot(matrix: Float64Array, columns: number, p: number, q: number): number {
  let sum = 0;
  for (let row = 0; row < matrix.length; row += columns) sum += at(matrix, row + p) * at(matrix, row + q);
  return sum;
}

/** Turns columns until each is at right angles to every other (one-sided Jacobi); `along` is turned alike. */
function orthogonalise(matrix: Float64Array, along: Float64Array, columns: number): void {
  for (let sweep = 0, apart = true; apart && sweep < SWEEPS; sweep++) {
    apart = false;
    for (let p = 0; p < columns; p++)
      for (let q = p + 1; q < columns; q++) {
        const [a, b, product] = [dot(matrix, columns, p, p), dot(matrix, columns, q, q), dot(matrix, columns, p, q)];
        if (!(Math.abs(product) > 1e-15 * Math.sqrt(a * b))) continue;
        apart = true;
        const ratio = (b - a) / (2 * product);
        const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(ratio, 1));
        const cosine = 1 / Math.hypot(tangent, 1);
        for (const turned of [matrix, along]) turn(turned, columns, [p, q], [cosine, tangent * cosine]);
      }
  }
}

/** [rows, columns] → [columns, rows]. */
const transposed = (x: Float64Array, rows: number, columns: number): Float64Array =>
  x.map((_, i) => at(x, (i % rows) * columns + Math.floor(i / rows)));

/** Writes a vector: of length 1, its largest element positive. */
function putVector(vector: Float64Array, y: Float64Array, place: number, stride: number): void {
  const largest = vector.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) * (largest < 0 ? -1 : 1);
  vector.forEach((value, i) => put(y, place + i * stride, value / length, 0));
}

/**
 * Right singular vectors of one matrix, as the primitive has them.
 *
 * @param x - [rows, columns]
 * @param rows - of it
 * @param columns - of it
 * @returns [columns, min(rows, columns)]
 */
export function rightSingularVectors(x: Float64Array, rows: number, columns: number): Float64Array {
  const count = Math.min(rows, columns);
  const isTall = columns <= rows;
  // X V has columns σ u, Xᵀ U columns σ v.
  const matrix = isTall ? x.slice() : transposed(x, rows, columns);
  const turns = new Float64Array(count * count).map((_, i) => (i % (count + 1) === 0 ? 1 : 0));
  orthogonalise(matrix, turns, count);
  const sizes = Float64Array.from({ length: count }, (_, j) => dot(matrix, count, j, j));
  const order = [...sizes.keys()].sort((i, j) => at(sizes, j) - at(sizes, i));
  const vectors = isTall ? turns : matrix;
  const y = new Float64Array(columns * count);
  const least = NOTHING * Math.max(...sizes);
  order.forEach((from, j) => {
    if (at(sizes, from) <= least) return;
    const vector = Float64Array.from({ length: columns }, (_, i) => at(vectors, i * count + from));
    putVector(vector, y, j, count);
  });
  return y;
}
