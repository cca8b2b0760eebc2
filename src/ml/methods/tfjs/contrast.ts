import { scalar, tensor, type Tensor } from '@tensorflow/tfjs-core';
import { doubleAt, floatAt, intAt } from '../../../util/at.ts';
import { integersOf, lengthOf, valuesOf, withGradient } from './values.ts';

/** Keeps logarithms finite, as in the authors' program. */
const EPSILON = 1e-7;

/** Tensors of a comparison of features with entries of a bank, in the order of the node's inputs. */
export interface ComparedTensors {
  /** [N, D]. */
  readonly features: Tensor;
  /** [n, D]. */
  readonly bank: Tensor;
  /** [N, 1 + K], int32. */
  readonly places: Tensor;
  /** Z, a scalar; 0 where there is none yet. */
  readonly scale: Tensor;
  /** τ. */
  readonly temperature: number;
}

/** Their values. */
interface Compared {
  /** One row an image, in float64. */
  readonly rows: readonly Float64Array[];
  readonly bank: Float32Array;
  readonly places: Int32Array;
  /** 1 + K. */
  readonly each: number;
  /** n. */
  readonly entries: number;
  readonly scale: number;
  readonly temperature: number;
}

function read({ features, bank, places, scale, temperature }: ComparedTensors): Compared {
  const [values, images, dimension] = [valuesOf(features), lengthOf(features, 0), lengthOf(features, 1)];
  const row = (image: number) => Float64Array.from(values.subarray(image * dimension, (image + 1) * dimension));
  return {
    rows: Array.from({ length: images }, (_, image) => row(image)),
    bank: valuesOf(bank),
    places: integersOf(places),
    each: lengthOf(places, 1),
    entries: lengthOf(bank, 0),
    scale: floatAt(valuesOf(scale), 0),
    temperature,
  };
}

/** ⟨v, w⟩ of a vector and an entry, in four sums: one alone would wait for each addition. */
function productOf(vector: Float64Array, bank: Float32Array, entry: number): number {
  const { length } = vector;
  const whole = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0, w = entry; k < whole; k += 4, w += 4) {
    a += doubleAt(vector, k) * floatAt(bank, w);
    b += doubleAt(vector, k + 1) * floatAt(bank, w + 1);
    c += doubleAt(vector, k + 2) * floatAt(bank, w + 2);
    d += doubleAt(vector, k + 3) * floatAt(bank, w + 3);
  }
  for (let k = whole; k < length; k++) a += doubleAt(vector, k) * floatAt(bank, entry + k);
  return a + b + (c + d);
}

/** Adds an entry of a bank, times a factor, to a vector. */
function addEntry(vector: Float64Array, bank: Float32Array, entry: number, factor: number): void {
  const { length } = vector;
  const whole = length - (length % 4);
  for (let k = 0, w = entry; k < whole; k += 4, w += 4) {
    vector[k] = doubleAt(vector, k) + factor * floatAt(bank, w);
    vector[k + 1] = doubleAt(vector, k + 1) + factor * floatAt(bank, w + 1);
    vector[k + 2] = doubleAt(vector, k + 2) + factor * floatAt(bank, w + 2);
    vector[k + 3] = doubleAt(vector, k + 3) + factor * floatAt(bank, w + 3);
  }
  for (let k = whole; k < length; k++) vector[k] = doubleAt(vector, k) + factor * floatAt(bank, entry + k);
}

/** −log(P/(P + c)) of the positive, −log(c/(P + c)) of a negative. */
const costOf = (p: number, c: number, isPositive: boolean): number =>
  Math.log((p + c + EPSILON) / (isPositive ? p : c));

/** P times the derivative of the cost in P. */
const slopeOf = (p: number, c: number, isPositive: boolean): number => p / (p + c + EPSILON) - (isPositive ? 1 : 0);

/** Cost of one image and τ times its gradient in the features: each entry is fetched once for both. */
function compare(row: Float64Array, image: number, given: Compared) {
  const { bank, places, each, entries, scale, temperature } = given;
  const noise = (each - 1) / entries;
  const slopes = new Float64Array(row.length);
  let cost = 0;
  for (let k = 0; k < each; k++) {
    const entry = intAt(places, image * each + k) * row.length;
    const share = Math.exp(productOf(row, bank, entry) / temperature) / scale;
    cost += costOf(share, noise, k === 0);
    addEntry(slopes, bank, entry, slopeOf(share, noise, k === 0));
  }
  return { cost, slopes };
}

/**
 * Noise-contrastive estimation.
 *
 * @param given - features, bank, places, scale, temperature
 * @returns the scalar, differentiable in the features
 */
export function contrast(given: ComparedTensors): Tensor {
  const { features, temperature } = given;
  const values = read(given);
  const images = values.rows.length;
  const compared = values.rows.map((row, image) => compare(row, image, values));
  return withGradient(
    [features],
    () => scalar(compared.reduce((sum, { cost }) => sum + cost, 0) / images),
    (dy) => {
      const scale = floatAt(valuesOf(dy), 0) / (images * temperature);
      const gradient = new Float32Array(features.size);
      compared.forEach(({ slopes }, image) => {
        gradient.set(
          slopes.map((slope) => scale * slope),
          image * slopes.length,
        );
      });
      return [tensor(gradient, features.shape)];
    },
  );
}

/**
 * Z = n · mean score of the first batch, rounded as checkpoints keep it; what is kept where there is something.
 *
 * @param given - features, bank, places, what is kept, temperature
 * @returns the scalar, without gradient
 */
export function contrastScale(given: ComparedTensors): Tensor {
  const { rows, bank, places, each, entries, scale, temperature } = read(given);
  if (scale !== 0) return scalar(scale);
  let total = 0;
  rows.forEach((row, image) => {
    for (let pair = image * each; pair < (image + 1) * each; pair++)
      total += Math.exp(productOf(row, bank, intAt(places, pair) * row.length) / temperature);
  });
  return scalar(Math.fround((total / places.length) * entries));
}
