import { customGrad, tensor, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { valuesOf } from './maps.ts';

/** Two maps of one size, on their way through an operation of ours: each one pass over the values, gradients alike. */

/** Writes runs of two arrays in turn. */
function interleave(a: Float32Array, b: Float32Array, run: number): Float32Array {
  const joined = new Float32Array(a.length + b.length);
  for (let read = 0, write = 0; read < a.length; read += run, write += 2 * run) {
    joined.set(a.subarray(read, read + run), write);
    joined.set(b.subarray(read, read + run), write + run);
  }
  return joined;
}

/** Every other run of an array, from the first or from the second on. */
function everyOther(joined: Float32Array, run: number, first: 0 | 1): Float32Array {
  const part = new Float32Array(joined.length / 2);
  for (let write = 0, read = first * run; write < part.length; write += run, read += 2 * run)
    part.set(joined.subarray(read, read + run), write);
  return part;
}

/**
 * Two maps' channels side by side.
 *
 * @param own - [N, H, W, C]
 * @param above - the same shape
 * @returns [N, H, W, 2C]
 */
export function sideBySide(own: Tensor4D, above: Tensor4D): Tensor4D {
  const [batch, height, width, channels] = own.shape;
  const join = customGrad((...inputs) => {
    const [a, b] = inputs as unknown as [Tensor, Tensor];
    const gradFunc = (dy: Tensor): Tensor[] =>
      ([0, 1] as const).map((first) => tensor(everyOther(valuesOf(dy), channels, first), own.shape));
    const value = tensor(interleave(valuesOf(a), valuesOf(b), channels), [batch, height, width, 2 * channels]);
    return { value, gradFunc };
  });
  return join(own, above) as Tensor4D;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Values of a fusion's inputs: two maps, and two weights a pixel. */
type Parts = readonly [Float32Array, Float32Array, Float32Array];

function weigh([own, above, scores]: Parts, channels: number): Float32Array {
  const fused = new Float32Array(own.length);
  for (let pixel = 0, at = 0; at < fused.length; pixel++) {
    const [w, v] = [sigmoid(scores[2 * pixel] ?? 0), sigmoid(scores[2 * pixel + 1] ?? 0)];
    for (const end = at + channels; at < end; at++) fused[at] = w * (own[at] ?? 0) + v * (above[at] ?? 0);
  }
  return fused;
}

/** Gradients of {@link weigh} in own, above and scores. */
function weighSlopes(dy: Float32Array, [own, above, scores]: Parts, channels: number): Parts {
  const slopes = [own, above, scores].map(({ length }) => new Float32Array(length)) as unknown as Parts;
  for (let pixel = 0, at = 0; at < dy.length; pixel++) {
    const [w, v] = [sigmoid(scores[2 * pixel] ?? 0), sigmoid(scores[2 * pixel + 1] ?? 0)];
    let [ofOwn, ofAbove] = [0, 0];
    for (const end = at + channels; at < end; at++) {
      const slope = dy[at] ?? 0;
      slopes[0][at] = w * slope;
      slopes[1][at] = v * slope;
      ofOwn += slope * (own[at] ?? 0);
      ofAbove += slope * (above[at] ?? 0);
    }
    slopes[2][2 * pixel] = w * (1 - w) * ofOwn;
    slopes[2][2 * pixel + 1] = v * (1 - v) * ofAbove;
  }
  return slopes;
}

/**
 * Sum of two maps, each pixel weighed: σ(s₀) · own + σ(s₁) · above.
 *
 * @param own - [N, H, W, C]
 * @param above - the same shape
 * @param scores - s, [N, H, W, 2]
 * @returns [N, H, W, C]
 */
export function weighTwo(own: Tensor4D, above: Tensor4D, scores: Tensor4D): Tensor4D {
  const channels = own.shape[3];
  const fuse = customGrad((...inputs) => {
    const tensors = (inputs as unknown as Tensor[]).slice(0, 3);
    const parts = tensors.map(valuesOf) as unknown as Parts;
    const gradFunc = (dy: Tensor): Tensor[] =>
      weighSlopes(valuesOf(dy), parts, channels).map((slopes, at) => tensor(slopes, tensors[at]?.shape));
    return { value: tensor(weigh(parts, channels), own.shape), gradFunc };
  });
  return fuse(own, above, scores) as Tensor4D;
}
