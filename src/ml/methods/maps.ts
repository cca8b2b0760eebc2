import { avgPool, customGrad, tensor } from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

/**
 * Operations on whole feature maps, each one pass over the values with a gradient of its own. Composed of tfjs's ops, the
 * CPU backend would make half a dozen arrays as large as the map a term.
 */

/** Values without a copy; the backend's own array. */
const valuesOf = (of: Tensor): Float32Array => of.dataSync<'float32'>();

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

const distances = customGrad((...inputs) => {
  const [left, right, save] = inputs as unknown as [Tensor, Tensor, GradSaveFunc];
  const [x, y] = [valuesOf(left), valuesOf(right)];
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    total += difference * difference;
  }
  save([left, right]);
  const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
    const slope = 2 * (valuesOf(dy)[0] ?? 0);
    const [p, q] = [valuesOf(saved[0] ?? left), valuesOf(saved[1] ?? right)];
    const gradient = new Float32Array(p.length);
    for (let i = 0; i < p.length; i++) gradient[i] = slope * ((p[i] ?? 0) - (q[i] ?? 0));
    return [
      tensor(gradient, left.shape),
      tensor(
        gradient.map((value) => -value),
        left.shape,
      ),
    ];
  };
  return { value: tensor(total), gradFunc };
});

/**
 * Squared distance Σ (a − b)².
 *
 * @param a - any shape
 * @param b - the same shape
 * @returns the scalar, summed in float64
 * @throws Error for unequal shapes (a bug)
 */
export function squaredDistance(a: Tensor, b: Tensor): Scalar {
  if (a.shape.join() !== b.shape.join()) throw new Error(`unequal shapes ${a.shape.join()} and ${b.shape.join()}`);
  return distances(a, b) as Scalar;
}

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
