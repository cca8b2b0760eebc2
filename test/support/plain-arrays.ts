/** Tensors as nested loops see them: [N, P, C] flat, for oracles that are read against a formula. */
export interface Columns {
  readonly images: number;
  readonly pixels: number;
  readonly channels: number;
  readonly values: ArrayLike<number>;
}

/** f[image, pixel, channel]. */
export const at = ({ pixels, channels, values }: Columns, image: number, pixel: number, channel: number): number =>
  values[(image * pixels + pixel) * channels + channel]!;

/** Sum of a function over 0 … n−1. */
export const total = (n: number, of: (index: number) => number): number =>
  Array.from({ length: n }, (_, index) => of(index)).reduce((sum, value) => sum + value, 0);

/** [rows, columns] · [columns, other] from functions of indices, row by row. */
export const table = (rows: number, columns: number, of: (i: number, j: number) => number): number[] =>
  Array.from({ length: rows * columns }, (_, k) => of(Math.floor(k / columns), k % columns));

/** Gradient of a function of float64 numbers by central differences. */
export function slopes(of: (values: Float64Array) => number, values: ArrayLike<number>, step = 1e-5): Float64Array {
  const point = Float64Array.from(values);
  return point.map((value, i) => {
    const shifted = (by: number) => {
      const moved = point.slice();
      moved[i] = value + by;
      return of(moved);
    };
    return (shifted(step) - shifted(-step)) / (2 * step);
  });
}
