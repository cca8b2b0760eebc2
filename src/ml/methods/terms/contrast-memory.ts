import { uniforms } from '../../random/random.ts';
import { add } from '../algebra/arithmetic.ts';
import { contrast, contrastScale } from '../algebra/contrast.ts';
import { floatAt } from '../../../util/at.ts';
import { stepInput } from '../algebra/inputs.ts';
import type { Node } from '../algebra/node.ts';
import type { KdMemory, LossWithOutputs, SeenStep, Sides, StepArrays } from '../kd-method.ts';

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

/** Banks start uniform in ±√(3/D): entries of about length 1. */
function startBank({ images, dimension, seed }: ContrastOptions, side: number): Float32Array {
  const uniform = uniforms(seed, 'bank', 0, side);
  const bound = Math.sqrt(3 / dimension);
  return new Float32Array(images * dimension).map(() => (2 * uniform() - 1) * bound);
}

const SIDES = ['student', 'teacher'] as const;
type Side = (typeof SIDES)[number];

const other = (side: Side): Side => (side === 'student' ? 'teacher' : 'student');
/** Names of a side's bank, and of Z of its scores, among step inputs and outputs. */
const bankOf = (side: Side): string => `crd.${side}.bank`;
const scaleOf = (side: Side): string => `crd.${side}.scale`;
const featuresOf = (side: Side): string => `crd.${side}.features`;

/** An output that the term named. */
function read({ outputs }: SeenStep, name: string): Float32Array {
  const values = outputs[name];
  if (!values) throw new Error(`no output ${name}`);
  return values;
}

/** Banks of both sides' embeddings, one entry an image, and the constants that scores are divided by. */
export class ContrastMemory implements KdMemory {
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly #options: ContrastOptions;
  readonly #banks: Sides<Float32Array>;
  /** Z of the student's scores, and of the teacher's; 0 before the first batch. */
  readonly #constants = new Float32Array(2);

  /** @param options - sizes, temperature, momentum, seed */
  constructor(options: ContrastOptions) {
    this.#options = options;
    this.#banks = { student: startBank(options, 0), teacher: startBank(options, 1) };
    this.values = new Map([...Object.entries(this.#banks), ['constants', this.#constants]]);
  }

  /** What {@link losses} reads of the memory in a step. */
  arrays(): StepArrays {
    return Object.fromEntries(
      SIDES.flatMap((side, at) => [
        [bankOf(side), this.#banks[side]],
        [scaleOf(side), this.#constants.subarray(at, at + 1)],
      ]),
    );
  }

  /**
   * Noise-contrastive estimation for both sides: each image's features have to find its own entry in the other side's
   * bank among K others (see {@link contrast}), once for the student's features and once for the teacher's.
   *
   * @param features - of length 1, [N, D] each
   * @param places - which entries each is compared with: the positive, then K negatives, [N, 1 + K], int32
   * @returns the sum of the two scalars, and what `update` reads
   */
  losses(features: Sides<Node>, places: Node): LossWithOutputs {
    const { images, dimension, temperature } = this.#options;
    const compare = (side: Side) => {
      const bank = stepInput(bankOf(other(side)), { shape: [images, dimension] });
      const compared = { features: features[side], bank, places, temperature };
      const scale = contrastScale(compared, stepInput(scaleOf(side), { shape: [] }));
      return { scale, loss: contrast(compared, scale) };
    };
    const [student, teacher] = [compare('student'), compare('teacher')];
    const outputs = {
      [featuresOf('student')]: features.student,
      [featuresOf('teacher')]: features.teacher,
      [scaleOf('student')]: student.scale,
      [scaleOf('teacher')]: teacher.scale,
    };
    return { loss: add(student.loss, teacher.loss), outputs };
  }

  /** Moves the entries of the batch's images towards their features: m · entry + (1 − m) · feature, at length 1. */
  update(seen: SeenStep): void {
    SIDES.forEach((side, at) => {
      this.#constants.set(read(seen, scaleOf(side)), at);
      const features = read(seen, featuresOf(side));
      seen.indices.forEach((place, image) => this.#move(side, place, this.#row(features, image)));
    });
  }

  /** One row of D numbers. */
  #row(values: Float32Array, index: number): Float32Array {
    const { dimension } = this.#options;
    return values.subarray(index * dimension, (index + 1) * dimension);
  }

  #move(side: Side, place: number, feature: Float32Array): void {
    const { momentum } = this.#options;
    const entry = this.#row(this.#banks[side], place);
    const moved = Array.from(entry, (old, k) => momentum * old + (1 - momentum) * floatAt(feature, k));
    const length = Math.hypot(...moved);
    entry.set(moved.map((value) => value / length));
  }
}
