import { add, mul } from '../../algebra/arithmetic.ts';
import { gather } from '../../algebra/matrices.ts';
import type { Node } from '../../algebra/node.ts';
import type { StateDict } from '../../network/network.ts';
import { uniforms } from '../../random/random.ts';
import type { LossWithMemory, Remembered, Sides, TermInputs } from '../kd-method.ts';
import { contrast } from './contrast.ts';
import { unitRows } from './rows.ts';

/** What the banks are made of. */
export interface ContrastOptions {
  /** n: images of the training split. */
  readonly images: number;
  /** D: numbers of an embedding. */
  readonly dimension: number;
  /** τ: scores are exp(⟨v, w⟩ / τ). */
  readonly temperature: number;
  /** m: share of the old entry when an image comes again. */
  readonly momentum: number;
  readonly seed: number;
}

/** Banks start uniform in ±√(3/D): entries of about length 1. */
function startBank({ images, dimension, seed }: ContrastOptions, side: number): Float32Array {
  const uniform = uniforms(seed, 'bank', 0, side);
  const bound = Math.sqrt(3 / dimension);
  return new Float32Array(images * dimension).map(() => (2 * uniform() - 1) * bound);
}

type Side = keyof Sides<unknown>;
const OTHER: Readonly<Record<Side, Side>> = { student: 'teacher', teacher: 'student' };
/** Names of a side's bank, and of Z of its scores, in the memory. */
const bankOf = (side: Side): string => `${side}.bank`;
const scaleOf = (side: Side): string => `${side}.scale`;

/**
 * What the memory starts with: banks of both sides' embeddings, one entry an image, and the constants Z that scores are
 * divided by, 0 before the first batch.
 *
 * @param options - sizes, seed
 * @returns arrays by name
 */
export const startOfBanks = (options: ContrastOptions): StateDict =>
  new Map(
    (['student', 'teacher'] as const).flatMap((side, at) => [
      [bankOf(side), startBank(options, at)],
      [scaleOf(side), new Float32Array(1)],
    ]),
  );

/**
 * Noise-contrastive estimation for both sides: each image's features have to find its own entry in the other side's bank among
 * K others (see {@link contrast}), once for the student's features and once for the teacher's. Entries of the batch's images
 * then move towards their features: m · entry + (1 − m) · feature, at length 1.
 *
 * @param features - of length 1, [N, D] each
 * @param places - which entries each is compared with: the positive, then K negatives, [N, 1 + K]
 * @param inputs - of the term
 * @param options - sizes, temperature, momentum
 * @returns the sum of the two scalars, and what is remembered
 */
export function contrastSides(
  features: Sides<Node>,
  places: Node,
  inputs: Pick<TermInputs, 'memory' | 'indices'>,
  options: ContrastOptions,
): LossWithMemory {
  const { memory, indices } = inputs;
  const { images, dimension, temperature, momentum } = options;
  const bank = (side: Side): Node => memory(bankOf(side), [images, dimension]);
  const compare = (side: Side) => {
    const own = features[side];
    const kept = memory(scaleOf(side), []);
    const { loss, scale } = contrast({ features: own, bank: bank(OTHER[side]), places, temperature, kept });
    const moved = add(mul(gather(bank(side), indices), momentum), mul(own, 1 - momentum));
    const remember: readonly Remembered[] = [
      { name: bankOf(side), places: indices, value: unitRows(moved) },
      { name: scaleOf(side), value: scale },
    ];
    return { loss, remember };
  };
  const [student, teacher] = [compare('student'), compare('teacher')];
  return { loss: add(student.loss, teacher.loss), remember: [...student.remember, ...teacher.remember] };
}
