import { concat as join, tensor, type Tensor } from '@tensorflow/tfjs-core';
import { floatAt } from '../../../util/at.ts';
import { lengthOf, valuesOf, withGradient } from './values.ts';

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

/** Two maps' channels side by side: [..., C] twice → [..., 2C]. */
function joinPair(a: Tensor, b: Tensor): Tensor {
  const channels = lengthOf(a, -1);
  return withGradient(
    [a, b],
    () => tensor(interleave(valuesOf(a), valuesOf(b), channels), [...a.shape.slice(0, -1), 2 * channels]),
    (dy) => ([0, 1] as const).map((first) => tensor(everyOther(valuesOf(dy), channels, first), a.shape)),
  );
}

/**
 * Joins tensors along a dimension; two of one shape along the last dimension in one pass.
 *
 * @param parts - float32, all other dimensions equal
 * @param axis - from 0
 * @returns the tensor
 */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [a, b, ...others] = parts;
  const isPair = a && b && others.length === 0 && axis === a.rank - 1 && a.shape.join() === b.shape.join();
  return isPair ? joinPair(a, b) : join([...parts], axis);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Values of a fusion's inputs: two maps, and two weights a pixel. */
type Parts = readonly [own: Float32Array, above: Float32Array, scores: Float32Array];

function weigh([own, above, scores]: Parts, channels: number): Float32Array {
  const fused = new Float32Array(own.length);
  for (let pixel = 0, at = 0; at < fused.length; pixel++) {
    const [w, v] = [sigmoid(floatAt(scores, 2 * pixel)), sigmoid(floatAt(scores, 2 * pixel + 1))];
    for (const end = at + channels; at < end; at++) fused[at] = w * floatAt(own, at) + v * floatAt(above, at);
  }
  return fused;
}

/** Gradients of {@link weigh} in own, above and scores. */
function weighSlopes(dy: Float32Array, [own, above, scores]: Parts, channels: number): Parts {
  const slopes: Parts = [new Float32Array(own.length), new Float32Array(above.length), new Float32Array(scores.length)];
  for (let pixel = 0, at = 0; at < dy.length; pixel++) {
    const [w, v] = [sigmoid(floatAt(scores, 2 * pixel)), sigmoid(floatAt(scores, 2 * pixel + 1))];
    let [ofOwn, ofAbove] = [0, 0];
    for (const end = at + channels; at < end; at++) {
      const slope = floatAt(dy, at);
      slopes[0][at] = w * slope;
      slopes[1][at] = v * slope;
      ofOwn += slope * floatAt(own, at);
      ofAbove += slope * floatAt(above, at);
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
export function weighTwo(own: Tensor, above: Tensor, scores: Tensor): Tensor {
  const channels = lengthOf(own, 3);
  const parts: Parts = [valuesOf(own), valuesOf(above), valuesOf(scores)];
  return withGradient(
    [own, above, scores],
    () => tensor(weigh(parts, channels), own.shape),
    (dy) => {
      const [ofOwn, ofAbove, ofScores] = weighSlopes(valuesOf(dy), parts, channels);
      return [tensor(ofOwn, own.shape), tensor(ofAbove, own.shape), tensor(ofScores, scores.shape)];
    },
  );
}
