import type { Numbers } from '../primitives.ts';

/** Shape of a dense convolution. */
type Shape = Omit<Numbers<'conv'>, 'activation'>;

/** Products of a tile: F(4×4, 3×3). */
const POINTS = 36;
const TILE = 4;
const tilesOf = (height: number, width: number): number => Math.ceil(height / TILE) * Math.ceil(width / TILE);
/** Floats between the matrices of two points (SKEW of winograd.h). */
const SKEW = 16;
/** Most channels of a feature map, for what a thread's stack holds. */
const MOST_CHANNELS = 1024;
/** Floats that the sums of a filter gradient over chunks of the batch may take, and the most chunks. */
const SUMS = 2 ** 21;
const MOST_CHUNKS = 16;

/**
 * Whether Winograd's algorithm does a convolution, or a gradient of it, in much fewer products than the direct sum. The
 * batch has no say: an image's logits must not depend on how many stand beside it.
 *
 * @param shape - of the convolution
 * @param map - size of the map that is cut into tiles: the output, or the input where its gradient is computed
 * @returns false for other kernels and strides, and for maps that fill their tiles badly
 */
function pays(shape: Shape, map: { readonly height: number; readonly width: number }): boolean {
  const { channels, outChannels, kernel, stride } = shape;
  const tiles = tilesOf(map.height, map.width);
  return (
    kernel === 3 &&
    stride === 1 &&
    Math.max(channels, outChannels) <= MOST_CHANNELS &&
    tiles * POINTS <= 0.6 * map.height * map.width * kernel ** 2
  );
}

/**
 * Scratch of a convolution by Winograd's algorithm.
 *
 * @param shape - of the convolution
 * @returns floats of the transformed filter; 0 where the direct sum is the better way
 */
export function winogradFilter(shape: Shape): number {
  const { channels, outChannels } = shape;
  return pays(shape, { height: shape.outHeight, width: shape.outWidth }) ? POINTS * (channels * outChannels + SKEW) : 0;
}

/**
 * Scratch of an input gradient by Winograd's algorithm.
 *
 * @param shape - of the convolution
 * @returns floats of the transformed filter; 0 where the direct sum is the better way
 */
export function winogradTurnedFilter(shape: Shape): number {
  const { channels, outChannels } = shape;
  return pays(shape, shape) && channels % 8 === 0 ? POINTS * (channels * outChannels + SKEW) : 0;
}

/**
 * Scratch of a filter gradient by Winograd's algorithm.
 *
 * @param shape - of the convolution
 * @returns number of chunks of the batch over which sums are taken, and their floats; 0 where the direct sum is better
 */
export function winogradSums(shape: Shape): { readonly chunks: number; readonly floats: number } {
  const floats = winogradFilter(shape);
  if (!floats) return { chunks: 0, floats };
  const tiles = shape.batch * tilesOf(shape.outHeight, shape.outWidth);
  const chunks = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(MOST_CHUNKS, tiles, SUMS / floats))));
  return { chunks, floats: chunks * floats };
}
