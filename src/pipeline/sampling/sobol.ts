/**
 * Primitive polynomials over GF(2), as bits from the highest power down, and initial direction numbers of Joe & Kuo (Constructing
 * Sobol sequences with better two-dimensional projections, SIAM J. Sci. Comput. 30, 2008), a line a dimension. The first dimension
 * is van der Corput's sequence.
 */
const DIRECTIONS: readonly (readonly [polynomial: number, initial: readonly number[]])[] = [
  [1, [1]],
  [3, [1]],
  [7, [1, 3]],
  [11, [1, 3, 1]],
  [13, [1, 1, 1]],
  [19, [1, 1, 3, 3]],
  [25, [1, 3, 5, 13]],
  [37, [1, 1, 5, 5, 17]],
  [41, [1, 1, 5, 5, 5]],
  [47, [1, 1, 7, 11, 19]],
  [55, [1, 1, 5, 1, 1]],
  [59, [1, 1, 1, 3, 11]],
  [61, [1, 3, 5, 5, 31]],
  [67, [1, 3, 3, 9, 7, 49]],
  [91, [1, 1, 1, 15, 21, 21]],
  [97, [1, 3, 1, 13, 27, 49]],
  [103, [1, 1, 1, 15, 7, 5]],
  [109, [1, 3, 1, 15, 13, 25]],
  [115, [1, 1, 5, 5, 19, 61]],
  [131, [1, 3, 7, 11, 23, 15, 103]],
  [137, [1, 3, 7, 13, 13, 15, 69]],
];

/** Most dimensions of a Sobol sequence. */
export const mostDimensions = DIRECTIONS.length;

/** Bits of a coordinate. */
export const sobolBits = 30;

/** Direction numbers of a dimension, the first for the lowest bit of a point's Gray code; each has `sobolBits` bits. */
function directionsOf(dimension: number): readonly number[] {
  const [polynomial, initial] = DIRECTIONS[dimension] ?? [];
  if (polynomial === undefined || initial === undefined) throw new RangeError(`no dimension ${dimension}`);
  const m = dimension === 0 ? Array.from({ length: sobolBits }, () => 1) : [...initial];
  const degree = initial.length;
  for (let at = m.length; at < sobolBits; at++) {
    // m_k = 2 a_1 m_(k−1) ⊕ … ⊕ 2^s m_(k−s) ⊕ m_(k−s), with a_s = 1.
    let next = m[at - degree] ?? 0;
    for (let step = 1; step <= degree; step++)
      if ((polynomial >> (degree - step)) & 1) next ^= (m[at - step] ?? 0) << step;
    m.push(next);
  }
  return m.map((number, at) => number << (sobolBits - 1 - at));
}

/**
 * A coordinate of the Sobol sequence in the order of Gray codes, as SciPy's `qmc.Sobol(scramble=False)` has it.
 *
 * @param point - number of the point, from 0, below 2^30
 * @param dimension - from 0, below {@link mostDimensions}
 * @returns a whole number below 2^30: the coordinate in [0, 1) times that
 */
export function sobolBitsOf(point: number, dimension: number): number {
  const gray = point ^ (point >> 1);
  return directionsOf(dimension).reduce((all, number, at) => ((gray >> at) & 1 ? all ^ number : all), 0);
}
