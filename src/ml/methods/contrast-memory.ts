import { customGrad, scalar, tensor, type Scalar, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { uniforms } from '../random/random.ts';
import type { KdMemory, Sides } from './kd-method.ts';
import { valuesOf } from './maps.ts';

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

/** exp(⟨v_i, w_j⟩ / τ) of each image and its candidates, [N, 1 + K]. */
function scoresOf(
  features: Float32Array,
  bank: Float32Array,
  { places, each }: Candidates,
  temperature: number,
): Float64Array {
  const dimension = (features.length * each) / places.length;
  const scores = new Float64Array(places.length);
  for (let pair = 0; pair < places.length; pair++) {
    const row = Math.floor(pair / each) * dimension;
    const entry = (places[pair] ?? 0) * dimension;
    let product = 0;
    for (let k = 0; k < dimension; k++) product += (features[row + k] ?? 0) * (bank[entry + k] ?? 0);
    scores[pair] = Math.exp(product / temperature);
  }
  return scores;
}

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
  #firstConstant(side: { features: Tensor; bank: Float32Array }, candidates: Candidates): number {
    const scores = scoresOf(valuesOf(side.features), side.bank, candidates, this.#options.temperature);
    return Math.fround((scores.reduce((sum, score) => sum + score, 0) / scores.length) * this.#options.images);
  }

  #loss(features: Tensor2D, { bank, candidates, constant }: Comparison): Scalar {
    const { temperature, images } = this.#options;
    const [batch, dimension] = features.shape;
    const { places, each } = candidates;
    const scores = scoresOf(valuesOf(features), bank, candidates, temperature);
    const noise = (each - 1) / images;
    const costs = scores.map((score, pair) => costOf(score / constant, noise, pair % each === 0));
    const contrast = customGrad(() => ({
      value: scalar(costs.reduce((sum, cost) => sum + cost, 0) / batch),
      gradFunc: (dy: Tensor) => {
        const scale = (valuesOf(dy)[0] ?? 0) / (batch * temperature);
        const gradient = new Float64Array(batch * dimension);
        for (let pair = 0; pair < places.length; pair++) {
          const row = Math.floor(pair / each) * dimension;
          const entry = (places[pair] ?? 0) * dimension;
          const slope = scale * slopeOf((scores[pair] ?? 0) / constant, noise, pair % each === 0);
          for (let k = 0; k < dimension; k++)
            gradient[row + k] = (gradient[row + k] ?? 0) + slope * (bank[entry + k] ?? 0);
        }
        return tensor(Float32Array.from(gradient), [batch, dimension]);
      },
    }));
    return contrast(features) as Scalar;
  }
}

/** −log(P/(P + c)) of the positive, −log(c/(P + c)) of a negative. */
const costOf = (p: number, c: number, isPositive: boolean): number =>
  Math.log((p + c + EPSILON) / (isPositive ? p : c));

/** P times the derivative of the cost in P. */
const slopeOf = (p: number, c: number, isPositive: boolean): number => p / (p + c + EPSILON) - (isPositive ? 1 : 0);
