import type { TrainBatch } from '../data/batch-loader.ts';
import type { TrainStep, UpdateOptions } from '../engines/engine.ts';
import type { StateDict } from '../network/network.ts';
import { bits } from '../random/random.ts';
import { KdTerm, type KdTermOptions, type KdTermDeps } from './kd-term.ts';
import type { LossTerm, Pass } from './job.ts';
import type { Teacher } from './teacher-pass.ts';

/** Who learns from whom: as for one term, but from several teachers. */
export interface CombinedKdTermDeps extends Omit<KdTermDeps, 'teacher'> {
  /** At least one. */
  readonly teachers: readonly Teacher[];
}

/**
 * Terms one by one, each with its own random numbers: the first has the seed itself, so that it draws what it draws alone.
 * What has been made is given back where a later one does not fit.
 */
function madeTerms(
  { teachers, seed, ...deps }: CombinedKdTermDeps,
  options: readonly KdTermOptions[],
): readonly KdTerm[] {
  const made: KdTerm[] = [];
  const share = 1 / teachers.length;
  try {
    for (const one of options)
      for (const teacher of teachers) {
        const own = made.length === 0 ? seed : bits(seed, 'term', 0, made.length);
        made.push(new KdTerm({ ...deps, teacher, seed: own }, { ...one, share }));
      }
    return made;
  } catch (error) {
    for (const term of made) term.dispose();
    throw error;
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Several distillation terms, each of several teachers: total = L_cls + ρ · Σ_k w_k · 1/n · Σ_t L_kt, ρ what the ramp
 * leaves. The value of one term is 1/n · Σ_t L_t, unweighted, and its weight ρ · w; that of several is the weighted sum
 * without ρ, and the weight ρ.
 */
export class CombinedKdTerm implements LossTerm {
  readonly taps: readonly string[];
  readonly #terms: readonly KdTerm[];
  /** What the sum is divided by. */
  readonly #unit: number;

  /**
   * @param deps - teachers, student, training labels, engine, optimiser, seed
   * @param options - of each term: method, options, weight; at least one, all with the same ramp
   * @throws FailureError where a method does not fit the networks or the images
   */
  constructor(deps: CombinedKdTermDeps, options: readonly KdTermOptions[]) {
    this.#terms = madeTerms(deps, options);
    this.#unit = options.length === 1 ? sum(this.#terms.map(({ fullWeight }) => fullWeight)) : 1;
    this.taps = [...new Set(this.#terms.flatMap(({ taps }) => taps))];
  }

  get weight(): number {
    return this.#unit * (this.#terms[0]?.ramped ?? 1);
  }

  /** What is minimised, for people: `loss + 2.333 SoftTarget + 100 AT`; the weights are those without a ramp. */
  get formula(): string {
    const terms = this.#terms.map(({ fullWeight, method }) => `${Number(fullWeight.toPrecision(4))} ${method}`);
    return ['loss', ...terms].join(' + ');
  }

  prepare(batch: number, passes: number): void {
    for (const term of this.#terms) term.prepare(batch, passes);
  }

  observe(batch: TrainBatch, epoch: number): void {
    for (const term of this.#terms) term.observe(batch, epoch);
  }

  addGradients(step: TrainStep, labels: Int32Array, pass?: Pass): number {
    return sum(this.#terms.map((term) => (term.fullWeight / this.#unit) * term.addGradients(step, labels, pass)));
  }

  update(options: UpdateOptions): void {
    for (const term of this.#terms) term.update(options);
  }

  /** What each term has learned: `<number of the term>/<name>`. */
  state(): StateDict {
    return new Map(
      this.#terms.flatMap((term, number) =>
        [...term.state()].map(([name, values]) => [`${number}/${name}`, values] as const),
      ),
    );
  }

  restore(state: StateDict, updates: number): void {
    this.#terms.forEach((term, number) => {
      const prefix = `${number}/`;
      const own = [...state].filter(([name]) => name.startsWith(prefix));
      term.restore(new Map(own.map(([name, values]) => [name.slice(prefix.length), values])), updates);
    });
  }

  /** Gives the adapters' memory back. */
  dispose(): void {
    for (const term of this.#terms) term.dispose();
  }
}
