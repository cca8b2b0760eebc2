import { avgPool, customGrad, div, sum, tensor } from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

/**
 * Operations on whole feature maps, each one pass over the values with a gradient of its own. Composed of tfjs's ops, the
 * CPU backend would make half a dozen arrays as large as the map a term.
 */

/**
 * Values without a copy.
 *
 * @param of - float32
 * @returns the backend's own array: not to be written to
 */
export const valuesOf = (of: Tensor): Float32Array => of.dataSync<'float32'>();

/** Σ_c f² of each pixel and its gradient 2 f · dy. */
const energies = customGrad((...inputs) => {
  const [map, save] = inputs as [Tensor, GradSaveFunc];
  const [batch = 0, height = 0, width = 0, channels = 0] = map.shape;
  const values = valuesOf(map);
  const sums = new Float32Array(batch * height * width);
  for (let pixel = 0, read = 0; pixel < sums.length; pixel++) {
    let total = 0;
    for (const end = read + channels; read < end; read++) {
      const value = values[read] ?? 0;
      total += value * value;
    }
    sums[pixel] = total;
  }
  save([map]);
  const gradFunc = (dy: Tensor, [saved]: Tensor[]): Tensor => {
    const [slopes, f] = [valuesOf(dy), valuesOf(saved ?? map)];
    const gradient = new Float32Array(f.length);
    for (let pixel = 0, at = 0; pixel < slopes.length; pixel++) {
      const slope = 2 * (slopes[pixel] ?? 0);
      for (const end = at + channels; at < end; at++) gradient[at] = slope * (f[at] ?? 0);
    }
    return tensor(gradient, map.shape);
  };
  return { value: tensor(sums, [batch, height * width]), gradFunc };
});

/**
 * Energy of each pixel: Σ_c f².
 *
 * @param map - [N, H, W, C]
 * @returns [N, H·W]
 */
export const energyOf = (map: Tensor4D): Tensor2D => energies(map) as Tensor2D;

/** Σ (a − b)² of each channel (the last dimension) and its gradients ±2 (a − b) · dy. */
const distances = customGrad((...inputs) => {
  const [left, right, save] = inputs as unknown as [Tensor, Tensor, GradSaveFunc];
  const channels = left.shape.at(-1) ?? 1;
  const [x, y] = [valuesOf(left), valuesOf(right)];
  const sums = new Float64Array(channels);
  for (let i = 0; i < x.length;)
    for (let channel = 0; channel < channels; channel++, i++) {
      const difference = (x[i] ?? 0) - (y[i] ?? 0);
      sums[channel] = (sums[channel] ?? 0) + difference * difference;
    }
  save([left, right]);
  const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
    const [p, q] = [valuesOf(saved[0] ?? left), valuesOf(saved[1] ?? right)];
    const slopes = valuesOf(dy);
    const gradient = new Float32Array(p.length);
    for (let i = 0; i < p.length;)
      for (let channel = 0; channel < channels; channel++, i++)
        gradient[i] = 2 * (slopes[channel] ?? 0) * ((p[i] ?? 0) - (q[i] ?? 0));
    return [
      tensor(gradient, left.shape),
      tensor(
        gradient.map((value) => -value),
        left.shape,
      ),
    ];
  };
  return { value: tensor(Float32Array.from(sums), [channels]), gradFunc };
});

/**
 * Squared distance of each channel, Σ (a − b)² over all other dimensions.
 *
 * @param a - [..., C]
 * @param b - the same shape
 * @returns [C], each summed in float64
 * @throws Error for unequal shapes (a bug)
 */
export function channelDistances(a: Tensor, b: Tensor): Tensor1D {
  if (a.shape.join() !== b.shape.join()) throw new Error(`unequal shapes ${a.shape.join()} and ${b.shape.join()}`);
  return distances(a, b) as Tensor1D;
}

/**
 * Squared distance Σ (a − b)².
 *
 * @param a - any shape
 * @param b - the same shape
 * @returns the scalar
 * @throws Error for unequal shapes (a bug)
 */
export const squaredDistance = (a: Tensor, b: Tensor): Scalar => sum(channelDistances(a, b));

/**
 * Mean squared distance.
 *
 * @param a - any shape
 * @param b - the same shape
 * @returns the scalar
 */
export const meanSquare = (a: Tensor, b: Tensor): Scalar => div(squaredDistance(a, b), b.size);

/**
 * Brings maps of two sides to the smaller one's size by average pooling.
 *
 * @param a - [N, H, W, C]
 * @param b - [N, H', W', C'], H' and W' equal, or both the same whole multiple or part
 * @returns the two, equal in height and width
 */
export function pooledAlike(a: Tensor4D, b: Tensor4D): readonly [Tensor4D, Tensor4D] {
  const height = Math.min(a.shape[1], b.shape[1]);
  const pooled = (map: Tensor4D): Tensor4D => {
    const window = map.shape[1] / height;
    return window === 1 ? map : avgPool(map, window, window, 'valid');
  };
  return [pooled(a), pooled(b)];
}

/** Where each pixel of the larger map comes from, for a whole batch. */
function sources([batch, height, width]: readonly number[], to: MapSize): Int32Array {
  const from = new Int32Array((batch ?? 0) * to.height * to.width);
  let write = 0;
  for (let image = 0; image < (batch ?? 0); image++)
    for (let y = 0; y < to.height; y++) {
      const row = (image * (height ?? 0) + Math.floor((y * (height ?? 0)) / to.height)) * (width ?? 0);
      for (let x = 0; x < to.width; x++) from[write++] = row + Math.floor((x * (width ?? 0)) / to.width);
    }
  return from;
}

/** Height and width of a map. */
export interface MapSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Enlarges a map by repeating pixels, PyTorch's `interpolate` with `nearest`: pixel i is pixel ⌊i · from/to⌋.
 *
 * @param map - [N, H, W, C]
 * @param to - size of the result
 * @returns [N, to.height, to.width, C]
 */
export function stretch(map: Tensor4D, to: MapSize): Tensor4D {
  const [batch, , , channels] = map.shape;
  const from = sources(map.shape, to);
  const stretch = customGrad((...inputs) => {
    const [small] = inputs as [Tensor];
    const values = valuesOf(small);
    const large = new Float32Array(from.length * channels);
    from.forEach((pixel, at) => {
      large.set(values.subarray(pixel * channels, (pixel + 1) * channels), at * channels);
    });
    const gradFunc = (dy: Tensor): Tensor => {
      const slopes = valuesOf(dy);
      const gradient = new Float32Array(small.size);
      from.forEach((pixel, at) => {
        for (let channel = 0; channel < channels; channel++)
          gradient[pixel * channels + channel] =
            (gradient[pixel * channels + channel] ?? 0) + (slopes[at * channels + channel] ?? 0);
      });
      return tensor(gradient, map.shape);
    };
    return { value: tensor(large, [batch, to.height, to.width, channels]), gradFunc };
  });
  return stretch(map) as Tensor4D;
}
