import { total } from './plain-arrays.ts';

/** Relational methods as their papers write them, in float64, on rows [N, D]: oracles for rows that nearly agree. */

/** Rows, and what they are compared with. */
export interface TwoSides {
  readonly student: Float64Array;
  readonly teacher: Float64Array;
  readonly count: number;
}

/** A value and its gradient in the student's rows. */
export interface Truth {
  readonly value: number;
  readonly gradient: Float64Array;
}

type Rows = readonly Float64Array[];
type Vector = readonly number[];

const rowsOf = (flat: Float64Array, count: number): Rows =>
  Array.from({ length: count }, (_, i) => flat.subarray((i * flat.length) / count, ((i + 1) * flat.length) / count));
const product = (a: ArrayLike<number>, b: ArrayLike<number>): number => total(a.length, (d) => a[d]! * b[d]!);

/** d_ij = ‖v_i − v_j‖ and e_ij = (v_j − v_i)/d_ij; of equal rows 0. */
function directions(rows: Rows) {
  const each = rows.map((from) =>
    rows.map((to) => {
      const way = Array.from(to, (value, d) => value - from[d]!);
      const length = Math.hypot(...way);
      return { length, unit: way.map((value) => (length > 0 ? value / length : 0)) };
    }),
  );
  return {
    length: (i: number, j: number): number => each[i]![j]!.length,
    unit: (i: number, j: number): Vector => each[i]![j]!.unit,
  };
}

const huber = (d: number): number => (Math.abs(d) < 1 ? (d * d) / 2 : Math.abs(d) - 0.5);
const huberSlope = (d: number): number => Math.max(-1, Math.min(1, d));

/** Adds a force on the way from i to j: `along` the vector, on both ends. */
type Push = (i: number, j: number, along: (d: number) => number) => void;

function pushOn(gradient: Float64Array, size: number): Push {
  return (i, j, along) => {
    for (let d = 0; d < size; d++) {
      gradient[j * size + d]! += along(d);
      gradient[i * size + d]! -= along(d);
    }
  };
}

/** 25 · distances + 50 · angles, by unit vectors; distances at least 1e-6, as PyTorch's programs have it. */
export function relational({ student, teacher, count }: TwoSides): Truth {
  const [ours, theirs] = [directions(rowsOf(student, count)), directions(rowsOf(teacher, count))];
  const gradient = new Float64Array(student.length);
  const push = pushOn(gradient, student.length / count);
  const indices = Array.from({ length: count }, (_, i) => i);
  const pairs = indices.flatMap((i) => indices.filter((j) => j !== i).map((j) => [i, j] as const));
  const bounded = (side: typeof ours, [i, j]: readonly [number, number]) => Math.max(side.length(i, j), 1e-6);
  const meanOf = (side: typeof ours) => total(pairs.length, (p) => bounded(side, pairs[p]!)) / pairs.length;
  const [mean, other] = [meanOf(ours), meanOf(theirs)];
  const off = pairs.map((pair) => bounded(ours, pair) / mean - bounded(theirs, pair) / other);
  const distances = total(pairs.length, (p) => huber(off[p]!)) / count ** 2;
  const ofMean = total(pairs.length, (p) => huberSlope(off[p]!) * bounded(ours, pairs[p]!)) / (mean * pairs.length);
  pairs.forEach(([i, j], p) => {
    const slope = (25 / count ** 2) * ((huberSlope(off[p]!) - ofMean) / mean);
    if (ours.length(i, j) > 1e-6) push(i, j, (d) => slope * ours.unit(i, j)[d]!);
  });
  let angles = 0;
  for (const i of indices)
    for (const [j, k] of [...pairs, ...indices.map((same) => [same, same] as const)]) {
      const [a, b] = [ours.unit(i, j), ours.unit(i, k)];
      const cosine = product(a, b);
      const apart = cosine - product(theirs.unit(i, j), theirs.unit(i, k));
      angles += huber(apart) / count ** 3;
      const slope = (50 / count ** 3) * huberSlope(apart);
      if (ours.length(i, j) > 0) push(i, j, (d) => (slope * (b[d]! - cosine * a[d]!)) / ours.length(i, j));
      if (ours.length(i, k) > 0) push(i, k, (d) => (slope * (a[d]! - cosine * b[d]!)) / ours.length(i, k));
    }
  return { value: 25 * distances + 50 * angles, gradient };
}

/** PKT: mean P_t log((P_t + ε)/(P_s + ε)) of neighbours' probabilities. */
export function probabilistic({ student, teacher, count }: TwoSides): number {
  const neighbours = (flat: Float64Array) => {
    const rows = rowsOf(flat, count).map((row) => row.map((value) => value / (Math.hypot(...row) + 1e-7)));
    const close = rows.map((a) => rows.map((b) => (product(a, b) + 1) / 2));
    return close.flatMap((row) => row.map((value) => value / total(count, (j) => row[j]!)));
  };
  const [ours, theirs] = [neighbours(student), neighbours(teacher)];
  return total(count ** 2, (p) => theirs[p]! * Math.log((theirs[p]! + 1e-7) / (ours[p]! + 1e-7))) / count ** 2;
}

/** SP: ‖G_t − G_s‖²/N² of products of rows, their rows of L1 norm 1. */
export function similarity({ student, teacher, count }: TwoSides): number {
  const alike = (flat: Float64Array) => {
    const rows = rowsOf(flat, count);
    const gram = rows.map((a) => rows.map((b) => product(a, b)));
    return gram.flatMap((row) =>
      row.map(
        (value) =>
          value /
          Math.max(
            1e-12,
            total(count, (j) => Math.abs(row[j]!)),
          ),
      ),
    );
  };
  const [ours, theirs] = [alike(student), alike(teacher)];
  return total(count ** 2, (p) => (ours[p]! - theirs[p]!) ** 2) / count ** 2;
}

/** DIST at temperature 4: 2 (1 − mean ρ of rows) + 2 (1 − mean ρ of columns), times T². */
export function stronger({ student, teacher, count }: TwoSides): number {
  const soft = (flat: Float64Array) =>
    rowsOf(flat, count).map((row) => {
      const top = Math.max(...row);
      const each = Array.from(row, (value) => Math.exp((value - top) / 4));
      return each.map((value) => value / total(each.length, (c) => each[c]!));
    });
  const centred = (list: Vector) => list.map((value) => value - total(list.length, (i) => list[i]!) / list.length);
  const correlation = (a: Vector, b: Vector) => {
    const [x, y] = [centred(a), centred(b)];
    return product(x, y) / (Math.hypot(...x) * Math.hypot(...y) + 1e-8);
  };
  const apart = (a: readonly Vector[], b: readonly Vector[]) =>
    1 - total(a.length, (i) => correlation(a[i]!, b[i]!)) / a.length;
  const turned = (rows: readonly Vector[]) => rows[0]!.map((_, c) => rows.map((row) => row[c]!));
  const [ours, theirs] = [soft(student), soft(teacher)];
  return 32 * (apart(ours, theirs) + apart(turned(ours), turned(theirs)));
}
