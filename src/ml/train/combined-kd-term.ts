import type { TrainBatch } from '../data/batch-loader.ts';
import type { EngineArray, UpdateOptions } from '../engines/engine.ts';
import type { StateDict } from '../network/network.ts';
import { bits } from '../random/random.ts';
import { KdTerm, type KdTermOptions, type KdTermDeps } from './kd-term.ts';
import type { LossTerms } from './loss-terms.ts';
import type { Teacher } from './teacher-pass.ts';

/** Who learns from whom: as for one term, but from several teachers. */
export interface CombinedKdTermDeps extends Omit<KdTermDeps, 'teacher' | 'prefix'> {
  /** At least one. */
  readonly teachers: readonly Teacher[];
}

/**
 * Terms one by one, each with its own random numbers: the first has the seed itself, so that it draws what it draws alone.
 * What has been made is given back where a later one does not fit.
 */
function makeTerms(
  { teachers, seed, ...deps }: CombinedKdTermDeps,
  options: readonly KdTermOptions[],
): readonly KdTerm[] {
  const made: KdTerm[] = [];
  const share = 1 / teachers.length;
  try {
    for (const one of options)
      for (const teacher of teachers) {
        const own = made.length === 0 ? seed : bits(seed, 'term', 0, made.length);
        made.push(new KdTerm({ ...deps, teacher, seed: own, prefix: `term ${made.length}/` }, { ...one, share }));
      }
    return made;
  } catch (error) {
    for (const term of made) term.dispose();
    throw error;
  }
}

/** Terms by name: their methods, numbered from 1 where one is there more than once. */
function nameTerms(terms: readonly KdTerm[]): ReadonlyMap<string, KdTerm> {
  const methods = terms.map(({ method }) => method);
  return new Map(
    terms.map((term, at) => {
      const place = methods.slice(0, at + 1).filter((other) => other === term.method).length;
      const isAlone = methods.indexOf(term.method) === methods.lastIndexOf(term.method);
      return [isAlone ? term.method : `${term.method}_${place}`, term] as const;
    }),
  );
}

/**
 * Several distillation terms, each of several teachers: total = L_cls + ρ · Σ_k w_k · 1/n · Σ_t L_kt, ρ what the ramp
 * leaves. Each L_kt is a term of its own, with the weight ρ · w_k/n.
 */
export class CombinedKdTerm implements LossTerms {
  readonly taps: readonly string[];
  readonly terms: ReadonlyMap<string, KdTerm>;
  readonly #terms: readonly KdTerm[];

  /**
   * @param deps - teachers, student, training labels, engine, optimiser, seed
   * @param options - of each term: method, options, weight; at least one, all with the same ramp
   * @throws FailureError where a method does not fit the networks or the images
   */
  constructor(deps: CombinedKdTermDeps, options: readonly KdTermOptions[]) {
    this.#terms = makeTerms(deps, options);
    this.terms = nameTerms(this.#terms);
    this.taps = [...new Set(this.#terms.flatMap(({ taps }) => taps))];
  }

  /**
   * What is minimised, for people: `loss + 2.333 SoftTarget + 100 AT`; the weights are those without a ramp.
   *
   * @param ceWeight - of the supervised loss
   * @returns a sum
   */
  formula(ceWeight = 1): string {
    const terms = this.#terms.map(({ fullWeight, method }) => `${Number(fullWeight.toPrecision(4))} ${method}`);
    return [ceWeight === 1 ? 'loss' : `${ceWeight} loss`, ...terms].join(' + ');
  }

  prepare(batch: number, passes: number): void {
    for (const term of this.#terms) term.prepare(batch, passes);
  }

  async ahead(batch: TrainBatch): Promise<void> {
    for (const term of this.#terms) await term.ahead(batch);
  }

  observe(batch: TrainBatch, epoch: number): void {
    for (const term of this.#terms) term.observe(batch, epoch);
  }

  gradients(): readonly EngineArray[] {
    return this.#terms.flatMap((term) => term.gradients());
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
