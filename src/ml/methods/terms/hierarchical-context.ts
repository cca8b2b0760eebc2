import { customGrad, scalar, tensor, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { valuesOf } from '../ops/maps.ts';

/** Sides that maps are pooled to, those that are smaller than the map; each weighs half of what the one before does. */
const POOLED = [4, 2, 1];

/** A window of pixels: rows and columns, ends exclusive. */
interface Window {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** First and last pixel (exclusive) of each window of PyTorch's adaptive pooling; neighbours may overlap. */
const cuts = (from: number, to: number): readonly (readonly [number, number])[] =>
  Array.from({ length: to }, (_, i) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)]);

const windowsOf = (height: number, width: number, side: number): readonly Window[] =>
  cuts(height, side).flatMap((rows) => cuts(width, side).map((columns) => ({ rows, columns })));

const areaOf = ({ rows, columns }: Window): number => (rows[1] - rows[0]) * (columns[1] - columns[0]);

/** [N, H, W, C]. */
type MapShape = readonly [number, number, number, number];

/** Calls `visit` with the place of each pixel of a window of an image. */
function forEachPixel(
  { rows, columns }: Window,
  [, height, width, channels]: MapShape,
  image: number,
  visit: (at: number) => void,
): void {
  for (let y = rows[0]; y < rows[1]; y++)
    for (let x = columns[0]; x < columns[1]; x++) visit(((image * height + y) * width + x) * channels);
}

/** Mean square of a map that is pooled to `side`², and `factor` times its gradient in the map, which is added to `slopes`. */
function pooledSquares(
  map: Float32Array,
  shape: MapShape,
  side: number,
  into: { factor: number; slopes: Float32Array },
) {
  const [batch, height, width, channels] = shape;
  const size = batch * side ** 2 * channels;
  const { factor, slopes } = into;
  const means = new Float64Array(channels);
  let squares = 0;
  for (const window of windowsOf(height, width, side)) {
    const area = areaOf(window);
    const scale = (2 * factor) / (size * area);
    for (let image = 0; image < batch; image++) {
      means.fill(0);
      forEachPixel(window, shape, image, (at) => {
        for (let c = 0; c < channels; c++) means[c] = (means[c] ?? 0) + (map[at + c] ?? 0);
      });
      for (let c = 0; c < channels; c++) {
        const mean = (means[c] ?? 0) / area;
        squares += mean * mean;
        means[c] = scale * mean;
      }
      forEachPixel(window, shape, image, (at) => {
        for (let c = 0; c < channels; c++) slopes[at + c] = (slopes[at + c] ?? 0) + (means[c] ?? 0);
      });
    }
  }
  return squares / size;
}

/** a − b, its mean square, and `factor` times the gradient of that. */
function plainSquares(a: Float32Array, b: Float32Array, factor: number) {
  const [difference, slopes] = [new Float32Array(a.length), new Float32Array(a.length)];
  const scale = (2 * factor) / a.length;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const d = (a[i] ?? 0) - (b[i] ?? 0);
    difference[i] = d;
    slopes[i] = scale * d;
    squares += d * d;
  }
  return { difference, slopes, square: squares / a.length };
}

/**
 * Hierarchical context loss: mean squared differences of the maps and of their pooled forms, weights 1, ½, ¼, ⅛ in the
 * order of the forms that there are, divided by their sum. Pooling is linear: the difference is pooled, not the maps.
 *
 * @param ours - [N, H, W, C]
 * @param theirs - the same shape, taken as constant
 * @returns the scalar
 */
export function hierarchicalContext(ours: Tensor, theirs: Tensor): Scalar {
  const shape = ours.shape as unknown as MapShape;
  const smaller = POOLED.filter((side) => side < shape[1]);
  const shares = [1, ...smaller.map((_, k) => 0.5 ** (k + 1))];
  const whole = shares.reduce((total, share) => total + share, 0);
  const [first = 1, ...others] = shares.map((share) => share / whole);
  const compare = customGrad(() => {
    const { difference, slopes, square } = plainSquares(valuesOf(ours), valuesOf(theirs), first);
    let value = first * square;
    smaller.forEach((side, k) => {
      const factor = others[k] ?? 0;
      value += factor * pooledSquares(difference, shape, side, { factor, slopes });
    });
    const gradFunc = (dy: Tensor): Tensor => {
      const [outer = 0] = valuesOf(dy);
      return tensor(
        slopes.map((slope) => outer * slope),
        [...shape],
      );
    };
    return { value: scalar(value), gradFunc };
  });
  return compare(ours);
}
