import { WINOGRAD } from '../kernel-constants.ts';
import type { Numbers } from '../primitives.ts';
import type { Target } from '../target.ts';

/** Shape of a dense convolution. */
export type Shape = Omit<Numbers<'conv-input-gradient'>, 'accumulate' | 'bfloat16'>;

const { tile: TILE, points: POINTS, skew: SKEW } = WINOGRAD;
const tilesOf = (height: number, width: number): number => Math.ceil(height / TILE) * Math.ceil(width / TILE);

/** Whether the direct sum of operands in bfloat16 is faster than Winograd's algorithm: where few tiles share a large filter. */
function givesWay({ batch, channels, outChannels }: Shape, tiles: number, { bfloat16 }: Target): boolean {
  return (
    bfloat16 !== null && batch * tiles <= bfloat16.mostTiles && channels * outChannels >= bfloat16.leastChannelPairs
  );
}

/**
 * Whether Winograd's algorithm does a convolution, or a gradient of it, in much fewer products than the direct sum. The
 * batch has no say but in half precision, in which only training computes: an image's logits must not depend on how many stand
 * beside it.
 *
 * @param shape - of the convolution
 * @param map - size of the map that is cut into tiles: the output, or the input where its gradient is computed
 * @param target - the executor's
 * @returns false for other kernels and strides, for maps that fill their tiles badly, and for channels that fill no vector
 */
function pays(shape: Shape, map: { readonly height: number; readonly width: number }, target: Target): boolean {
  const { channels, outChannels, kernel, stride } = shape;
  const { winograd, lanes } = target;
  const tiles = tilesOf(map.height, map.width);
  return (
    winograd !== null &&
    kernel === 3 &&
    stride === 1 &&
    channels % lanes === 0 &&
    Math.max(channels, outChannels) <= winograd.mostChannels &&
    tiles * POINTS <= winograd.mostProducts * map.height * map.width * kernel ** 2 &&
    !givesWay(shape, tiles, target)
  );
}

/**
 * Scratch of a convolution by Winograd's algorithm.
 *
 * @param shape - of the convolution
 * @param target - the executor's
 * @returns floats of the transformed filter; 0 where the direct sum is the better way
 */
export function winogradFilter(shape: Shape, target: Target): number {
  const { channels, outChannels } = shape;
  return pays(shape, { height: shape.outHeight, width: shape.outWidth }, target)
    ? POINTS * (channels * outChannels + SKEW)
    : 0;
}

/**
 * Scratch of an input gradient by Winograd's algorithm.
 *
 * @param shape - of the convolution
 * @param target - the executor's
 * @returns floats of the transformed filter; 0 where the direct sum is the better way
 */
export function winogradTransposedFilter(shape: Shape, target: Target): number {
  const { channels, outChannels } = shape;
  return pays(shape, shape, target) && channels % target.panel === 0 ? POINTS * (channels * outChannels + SKEW) : 0;
}

/**
 * Scratch of a filter gradient by Winograd's algorithm.
 *
 * @param shape - of the convolution
 * @param target - the executor's
 * @returns number of chunks of the batch over which sums are taken, and their floats; 0 where the direct sum is better
 */
export function winogradSums(shape: Shape, target: Target): { readonly chunks: number; readonly floats: number } {
  const floats = winogradFilter(shape, target);
  if (!floats || !target.winograd) return { chunks: 0, floats: 0 };
  const { mostChunks, mostSums } = target.winograd;
  const tiles = shape.batch * tilesOf(shape.outHeight, shape.outWidth);
  const chunks = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(mostChunks, tiles, mostSums / floats))));
  return { chunks, floats: chunks * floats };
}
