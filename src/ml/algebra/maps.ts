import { array } from './inputs.ts';
import { matmul } from './matrices.ts';
import { lengthOf, refuse, type Node } from './node.ts';
import { mean } from './reductions.ts';
import { broadcast, reshape } from './shapes.ts';

/** Height and width of a map. */
export interface MapSize {
  readonly height: number;
  readonly width: number;
}

/** Operations on feature maps [N, H, W, C]. All throw Error for other shapes. */

/** N, H, W, C. */
function sizesOf(op: string, map: Node): readonly [number, number, number, number] {
  if (map.shape.length !== 4) refuse(op, [map], 'it takes maps [N, H, W, C]');
  return [lengthOf(map, 0), lengthOf(map, 1), lengthOf(map, 2), lengthOf(map, 3)];
}

/** Means over windows of height × width pixels, which fill the map. */
function windowMeans(map: Node, { height, width }: MapSize): Node {
  const [images, rows, columns, channels] = sizesOf('windowMeans', map);
  const [down, across] = [rows / height, columns / width];
  const windows = reshape(map, [images * down, height, across, width, channels]);
  return reshape(mean(windows, { axes: [1, 3] }), [images, down, across, channels]);
}

/** How much each pixel of one dimension counts in each of the result: a matrix [to, from], row by row. */
type Weights = (from: number, to: number) => readonly number[];

/** Weighted sums of pixels along height and width. */
function resample(map: Node, { height, width }: MapSize, weights: Weights): Node {
  const [images, rows, columns, channels] = sizesOf('resample', map);
  const down = matmul(array(weights(rows, height), [height, rows]), reshape(map, [images, rows, columns * channels]));
  const across = matmul(
    array(weights(columns, width), [width, columns]),
    reshape(down, [images * height, columns, channels]),
  );
  return reshape(across, [images, height, width, channels]);
}

const table = (rows: number, columns: number, of: (row: number, column: number) => number): readonly number[] =>
  Array.from({ length: rows * columns }, (_, i) => of(Math.floor(i / columns), i % columns));

/** PyTorch's windows, ⌊i · from/to⌋ … ⌈(i+1) · from/to⌉; neighbours may overlap. */
const adaptiveWindows: Weights = (from, to) =>
  table(to, from, (i, pixel) => {
    const [start, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
    return pixel >= start && pixel < end ? 1 / (end - start) : 0;
  });

/** 1 at pixel ⌊i · from/to⌋. */
const nearestPixels: Weights = (from, to) =>
  table(to, from, (i, pixel) => Number(pixel === Math.floor((i * from) / to)));

/** 1 where pixel i · (to − 1)/(from − 1) is. */
const apart: Weights = (from, to) => table(to, from, (i, pixel) => Number(i * (from - 1) === pixel * (to - 1)));

/**
 * Puts pixels apart, zeros between them: a convolution behind it is a transposed one with that stride.
 *
 * @param map - [N, H, W, C], H and W ≥ 2
 * @param factor - pixel i goes to i · factor
 * @returns [N, (H − 1) · factor + 1, (W − 1) · factor + 1, C]
 */
export function spread(map: Node, factor: number): Node {
  const [, height, width] = sizesOf('spread', map);
  return resample(map, { height: (height - 1) * factor + 1, width: (width - 1) * factor + 1 }, apart);
}

/**
 * Average pooling by windows that do not overlap.
 *
 * @param map - [N, H, W, C], H and W multiples of the window
 * @param window - its side
 * @returns [N, H/window, W/window, C]
 */
export function averagePool(map: Node, window: number): Node {
  const [, height, width] = sizesOf('averagePool', map);
  if (height % window !== 0 || width % window !== 0)
    refuse('averagePool', [map], `windows of side ${window} do not fill it`);
  return windowMeans(map, { height: window, width: window });
}

/**
 * Average pooling to a size, PyTorch's `adaptive_avg_pool2d`.
 *
 * @param map - [N, H, W, C]
 * @param to - size of the result
 * @returns [N, to.height, to.width, C]
 */
export function adaptivePool(map: Node, to: MapSize): Node {
  const [, height, width] = sizesOf('adaptivePool', map);
  const [down, across] = [height / to.height, width / to.width];
  return Number.isInteger(down) && Number.isInteger(across)
    ? windowMeans(map, { height: down, width: across })
    : resample(map, to, adaptiveWindows);
}

/**
 * Enlarges a map by repeating pixels, PyTorch's `interpolate` with `nearest`: pixel i is pixel ⌊i · from/to⌋.
 *
 * @param map - [N, H, W, C]
 * @param to - size of the result
 * @returns [N, to.height, to.width, C]
 */
export function stretch(map: Node, to: MapSize): Node {
  const [images, height, width, channels] = sizesOf('stretch', map);
  const [down, across] = [to.height / height, to.width / width];
  if (!Number.isInteger(down) || !Number.isInteger(across)) return resample(map, to, nearestPixels);
  const pixels = reshape(map, [images * height, 1, width, 1, channels]);
  const repeated = broadcast(pixels, [images * height, down, width, across, channels]);
  return reshape(repeated, [images, to.height, to.width, channels]);
}
