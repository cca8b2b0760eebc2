import { customGrad, scalar, tensor, type Scalar, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { uniforms } from '../../random/random.ts';
import type { KdMemory, Sides } from '../kd-method.ts';
import { valuesOf } from '../ops/maps.ts';

/** Keeps logarithms finite, as in the authors' program. */
const EPSILON = 1e-7;

/** What the banks are made of. */
export interface ContrastOptions {
  /** n: images of the training split. */
  readonly images: number;
  /** D: numbers of an embedding. */
  readonly dimension: number;
  /** τ: scores are exp(⟨v, w⟩ / τ). */
  readonly temperature: number;
  /** Share of the old entry when an image comes again. */
  readonly momentum: number;
  readonly seed: number;
}

/** Which entries of a bank each image is compared with. */
export interface Candidates {
  /** [N, 1 + K]: the positive, then the negatives. */
  readonly places: Uint32Array;
  /** 1 + K. */
  readonly each: number;
}

/** Banks start uniform in ±√(3/D): entries of about length 1. */
function startBank({ images, dimension, seed }: ContrastOptions, side: number): Float32Array {
  const uniform = uniforms(seed, 'bank', 0, side);
  const bound = Math.sqrt(3 / dimension);
  return new Float32Array(images * dimension).map(() => (2 * uniform() - 1) * bound);
}

/** ⟨v, w⟩ of a vector and an entry, in four sums: one alone would wait for each addition. */
function productOf(vector: Float64Array, bank: Float32Array, entry: number): number {
  const { length } = vector;
  const whole = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0, w = entry; k < whole; k += 4, w += 4) {
    a += (vector[k] ?? 0) * (bank[w] ?? 0);
    b += (vector[k + 1] ?? 0) * (bank[w + 1] ?? 0);
    c += (vector[k + 2] ?? 0) * (bank[w + 2] ?? 0);
    d += (vector[k + 3] ?? 0) * (bank[w + 3] ?? 0);
  }
  for (let k = whole; k < length; k++) a += (vector[k] ?? 0) * (bank[entry + k] ?? 0);
  return a + b + (c + d);
}

/** Adds an entry of a bank, times a factor, to a vector. */
function addEntry(vector: Float64Array, bank: Float32Array, entry: number, factor: number): void {
  const { length } = vector;
  const whole = length - (length % 4);
  for (let k = 0, w = entry; k < whole; k += 4, w += 4) {
    vector[k] = (vector[k] ?? 0) + factor * (bank[w] ?? 0);
    vector[k + 1] = (vector[k + 1] ?? 0) + factor * (bank[w + 1] ?? 0);
    vector[k + 2] = (vector[k + 2] ?? 0) + factor * (bank[w + 2] ?? 0);
    vector[k + 3] = (vector[k + 3] ?? 0) + factor * (bank[w + 3] ?? 0);
  }
  for (let k = whole; k < length; k++) vector[k] = (vector[k] ?? 0) + factor * (bank[entry + k] ?? 0);
}

/** Rows of [N, D] in float64. */
const rowsOf = (features: Tensor2D): readonly Float64Array[] => {
  const [values, [batch, dimension]] = [valuesOf(features), features.shape];
  return Array.from({ length: batch }, (_, image) =>
    Float64Array.from(values.subarray(image * dimension, (image + 1) * dimension)),
  );
};

/** What an image has to pay for its features in the bank. */
interface Comparison {
  readonly bank: Float32Array;
  readonly candidates: Candidates;
  /** Z: what scores are divided by. */
  readonly constant: number;
}

/** Banks of both sides' embeddings, one entry an image, and the constants that scores are divided by. */
export class ContrastMemory implements KdMemory {
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly #options: ContrastOptions;
  readonly #banks: Sides<Float32Array>;
  /** Z of the student's scores, and of the teacher's; 0 before the first batch. */
  readonly #constants = new Float32Array(2);
  /** What `update` takes in. */
  #seen: (Sides<Float32Array> & { readonly places: Uint32Array; readonly constants: readonly number[] }) | undefined;

  /** @param options - sizes, temperature, momentum, seed */
  constructor(options: ContrastOptions) {
    this.#options = options;
    this.#banks = { student: startBank(options, 0), teacher: startBank(options, 1) };
    this.values = new Map([...Object.entries(this.#banks), ['constants', this.#constants]]);
  }

  /**
   * Noise-contrastive estimation for both sides: each image's features have to find its own entry in the other side's
   * bank among K others. With P = exp(⟨v, w⟩/τ)/Z and c = K/n,
   * L = −1/N Σ_i [log(P⁺/(P⁺ + c)) + Σ_j log(c/(P⁻_j + c))], once for the student's features and once for the teacher's.
   *
   * @param features - of length 1, [N, D] each
   * @param places - of the images in the split, [N]
   * @param candidates - which entries each is compared with
   * @returns the two scalars
   */
  losses(features: Sides<Tensor2D>, places: Uint32Array, candidates: Candidates): readonly [Scalar, Scalar] {
    const { student, teacher } = features;
    const sides = [
      { features: student, bank: this.#banks.teacher },
      { features: teacher, bank: this.#banks.student },
    ] as const;
    const constants = sides.map((side, at) => this.#constants[at] || this.#firstConstant(side, candidates));
    const copies = { student: valuesOf(student).slice(), teacher: valuesOf(teacher).slice() };
    this.#seen = { ...copies, places: places.slice(), constants };
    const loss = (at: 0 | 1): Scalar =>
      this.#loss(sides[at].features, { bank: sides[at].bank, candidates, constant: constants[at] ?? 1 });
    return [loss(0), loss(1)];
  }

  /** Moves the entries of the batch's images towards their features: m · entry + (1 − m) · feature, at length 1. */
  update(): void {
    if (!this.#seen) return;
    this.#constants.set(this.#seen.constants);
    for (const side of ['student', 'teacher'] as const)
      this.#seen.places.forEach((place, image) => this.#move(side, place, image));
    this.#seen = undefined;
  }

  #move(side: keyof Sides<unknown>, place: number, image: number): void {
    const { dimension, momentum } = this.#options;
    const entry = this.#banks[side].subarray(place * dimension, (place + 1) * dimension);
    const feature = this.#seen?.[side].subarray(image * dimension, (image + 1) * dimension);
    const moved = Array.from(entry, (old, k) => momentum * old + (1 - momentum) * (feature?.[k] ?? 0));
    const length = Math.hypot(...moved);
    entry.set(moved.map((value) => value / length));
  }

  /** Z = n · mean score of the first batch, rounded as checkpoints keep it. */
  #firstConstant(side: { features: Tensor2D; bank: Float32Array }, { places, each }: Candidates): number {
    const { dimension, temperature, images } = this.#options;
    let total = 0;
    rowsOf(side.features).forEach((row, image) => {
      for (let pair = image * each; pair < (image + 1) * each; pair++)
        total += Math.exp(productOf(row, side.bank, (places[pair] ?? 0) * dimension) / temperature);
    });
    return Math.fround((total / places.length) * images);
  }

  #loss(features: Tensor2D, comparison: Comparison): Scalar {
    const { shape } = features;
    const compared = rowsOf(features).map((row, image) => this.#compared(row, image, comparison));
    const contrast = customGrad(() => ({
      value: scalar(compared.reduce((sum, { cost }) => sum + cost, 0) / shape[0]),
      gradFunc: (dy: Tensor) => {
        const scale = (valuesOf(dy)[0] ?? 0) / (shape[0] * this.#options.temperature);
        const gradient = new Float32Array(shape[0] * shape[1]);
        compared.forEach(({ slopes }, image) => {
          gradient.set(
            slopes.map((slope) => scale * slope),
            image * shape[1],
          );
        });
        return tensor(gradient, shape);
      },
    }));
    return contrast(features) as Scalar;
  }

  /** Cost of one image and τ times its gradient in the features: each entry is fetched once for both. */
  #compared(row: Float64Array, image: number, { bank, candidates: { places, each }, constant }: Comparison) {
    const { dimension, temperature, images } = this.#options;
    const noise = (each - 1) / images;
    const slopes = new Float64Array(dimension);
    let cost = 0;
    for (let k = 0; k < each; k++) {
      const entry = (places[image * each + k] ?? 0) * dimension;
      const share = Math.exp(productOf(row, bank, entry) / temperature) / constant;
      cost += costOf(share, noise, k === 0);
      addEntry(slopes, bank, entry, slopeOf(share, noise, k === 0));
    }
    return { cost, slopes };
  }
}

/** −log(P/(P + c)) of the positive, −log(c/(P + c)) of a negative. */
const costOf = (p: number, c: number, isPositive: boolean): number =>
  Math.log((p + c + EPSILON) / (isPositive ? p : c));

/** P times the derivative of the cost in P. */
const slopeOf = (p: number, c: number, isPositive: boolean): number => p / (p + c + EPSILON) - (isPositive ? 1 : 0);
