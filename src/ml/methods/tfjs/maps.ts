import { tensor, type Tensor } from '@tensorflow/tfjs-core';
import type { MapSize } from '../algebra/maps.ts';
import { doubleAt, floatAt } from '../../../util/at.ts';
import { lengthOf, valuesOf, withGradient } from './values.ts';

/**
 * Operations on whole feature maps, each one pass over the values with a gradient of its own. Composed of tfjs's ops, the
 * CPU backend would make half a dozen arrays as large as the map a term.
 */

/** Σ_c f² of each pixel. */
function energies(values: Float32Array, channels: number): Float32Array {
  const sums = new Float32Array(values.length / channels);
  for (let pixel = 0, read = 0; pixel < sums.length; pixel++) {
    let total = 0;
    for (const end = read + channels; read < end; read++) {
      const value = floatAt(values, read);
      total += value * value;
    }
    sums[pixel] = total;
  }
  return sums;
}

/** 2 f · dy. */
function energySlopes(dy: Float32Array, f: Float32Array, channels: number): Float32Array {
  const gradient = new Float32Array(f.length);
  for (let pixel = 0, at = 0; pixel < dy.length; pixel++) {
    const slope = 2 * floatAt(dy, pixel);
    for (const end = at + channels; at < end; at++) gradient[at] = slope * floatAt(f, at);
  }
  return gradient;
}

/**
 * Energy of each pixel: Σ_c f².
 *
 * @param map - [N, H, W, C]
 * @returns [N, H·W]
 */
export function pixelEnergies(map: Tensor): Tensor {
  const [images, channels, values] = [lengthOf(map, 0), lengthOf(map, 3), valuesOf(map)];
  return withGradient(
    [map],
    () => tensor(energies(values, channels), [images, lengthOf(map, 1) * lengthOf(map, 2)]),
    (dy) => [tensor(energySlopes(valuesOf(dy), values, channels), map.shape)],
  );
}

/** Σ (a − b)² of each channel, each sum in float64. */
function distances(x: Float32Array, y: Float32Array, channels: number): Float32Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < x.length;)
    for (let channel = 0; channel < channels; channel++, i++) {
      const difference = floatAt(x, i) - floatAt(y, i);
      sums[channel] = doubleAt(sums, channel) + difference * difference;
    }
  return Float32Array.from(sums);
}

/** 2 (a − b) · dy. */
function distanceSlopes(dy: Float32Array, x: Float32Array, y: Float32Array): Float32Array {
  const gradient = new Float32Array(x.length);
  for (let i = 0; i < x.length;)
    for (let channel = 0; channel < dy.length; channel++, i++)
      gradient[i] = 2 * floatAt(dy, channel) * (floatAt(x, i) - floatAt(y, i));
  return gradient;
}

/**
 * Squared distance of each channel, Σ (a − b)² over all other dimensions; gradients ±2 (a − b) · dy.
 *
 * @param a - [..., C]
 * @param b - the same shape
 * @returns [C], each summed in float64
 */
export function channelDistances(a: Tensor, b: Tensor): Tensor {
  const [x, y, channels] = [valuesOf(a), valuesOf(b), lengthOf(a, -1)];
  return withGradient(
    [a, b],
    () => tensor(distances(x, y, channels), [channels]),
    (dy) => {
      const gradient = distanceSlopes(valuesOf(dy), x, y);
      const opposite = gradient.map((value) => -value);
      return [tensor(gradient, a.shape), tensor(opposite, a.shape)];
    },
  );
}

/** Which pixel of the smaller map each pixel of the larger one is, for a whole batch. */
function sources(map: Tensor, to: MapSize): Int32Array {
  const [batch, height, width] = [lengthOf(map, 0), lengthOf(map, 1), lengthOf(map, 2)];
  const from = new Int32Array(batch * to.height * to.width);
  let write = 0;
  for (let image = 0; image < batch; image++)
    for (let y = 0; y < to.height; y++) {
      const row = (image * height + Math.floor((y * height) / to.height)) * width;
      for (let x = 0; x < to.width; x++) from[write++] = row + Math.floor((x * width) / to.width);
    }
  return from;
}

/** Sums of the gradients of all pixels that came from the same one. */
function stretchSlopes(dy: Float32Array, from: Int32Array, { size, channels }: { size: number; channels: number }) {
  const gradient = new Float32Array(size);
  from.forEach((pixel, at) => {
    for (let channel = 0; channel < channels; channel++) {
      const to = pixel * channels + channel;
      gradient[to] = floatAt(gradient, to) + floatAt(dy, at * channels + channel);
    }
  });
  return gradient;
}

/**
 * Enlarges a map by repeating pixels, PyTorch's `interpolate` with `nearest`: pixel i is pixel ⌊i · from/to⌋.
 *
 * @param map - [N, H, W, C]
 * @param to - size of the result
 * @returns [N, to.height, to.width, C]
 */
export function stretch(map: Tensor, to: MapSize): Tensor {
  const [batch, channels, values] = [lengthOf(map, 0), lengthOf(map, 3), valuesOf(map)];
  const from = sources(map, to);
  const repeat = (): Tensor => {
    const large = new Float32Array(from.length * channels);
    from.forEach((pixel, at) => {
      large.set(values.subarray(pixel * channels, (pixel + 1) * channels), at * channels);
    });
    return tensor(large, [batch, to.height, to.width, channels]);
  };
  return withGradient([map], repeat, (dy) => [
    tensor(stretchSlopes(valuesOf(dy), from, { size: map.size, channels }), map.shape),
  ]);
}
