import { dominant, partnersOf } from '../augment/mix.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { Expression, TrainStep } from '../engines/engine.ts';
import { at } from '../../util/at.ts';
import { compileObjective } from './compile-objective.ts';
import {
  NAMES,
  recordObjective,
  weightName,
  type ObjectiveOptions,
  type RecordedObjective,
} from './record-objective.ts';
import { divideTerms, type TermLosses } from './term-losses.ts';

/** Losses of a step. */
export interface ObjectiveLosses {
  /** The supervised one. */
  readonly loss: number;
  readonly kd: TermLosses;
}

/**
 * What a student minimises on batches of one size, compiled: supervised loss and distillation terms of all passes, and the
 * gradients in every tap, as one expression over the steps' memory. total = v · L_cls + Σ_k w_k · L_k, each L_k the mean of the
 * passes'.
 */
export class Objective {
  readonly #recorded: RecordedObjective;
  readonly #expression: Expression;
  /** Inputs that nothing in the engine stands for. */
  readonly #filled: ReadonlySet<string>;

  /**
   * @param options - what is minimised
   * @param batch - N
   * @throws FailureError `does-not-fit`
   */
  constructor(options: ObjectiveOptions, batch: number) {
    this.#recorded = recordObjective(options, batch);
    const { options: compiled, filled } = compileObjective(this.#recorded);
    this.#expression = options.session.expression(compiled);
    this.#filled = filled;
  }

  /** Passes over the batch, to be run forwards before and backwards afterwards. */
  get steps(): readonly TrainStep[] {
    return this.#recorded.passes.map(({ step }) => step);
  }

  /**
   * Computes the losses of the passes' last `forward`, and writes the gradients of the total into them.
   *
   * @param batch - what they have seen
   */
  run(batch: TrainBatch): void {
    this.#fill(batch);
    this.#expression.run();
  }

  /** What the last `run` computed. */
  losses(): ObjectiveLosses {
    const read = (name: string): number => at<number>(this.#expression.result(name), 0);
    const { terms, passes } = this.#recorded;
    const sums = terms.reduce<TermLosses>(
      ({ weighted, each }, { name, term, pass }) => {
        const value = read(`${name}/${pass}`);
        return { weighted: weighted + term.weight * value, each: { ...each, [name]: (each[name] ?? 0) + value } };
      },
      { weighted: 0, each: {} },
    );
    return { loss: read('loss'), kd: divideTerms(sums, passes.length) };
  }

  /** Takes into the terms' memory what the last `run` computed; after the update. */
  update(): void {
    this.#expression.update();
  }

  #set(name: string, values: ArrayLike<number>): void {
    if (this.#filled.has(name)) this.#expression.input(name).set(values);
  }

  #fill({ labels, indices, mixed }: TrainBatch): void {
    const { terms, passes } = this.#recorded;
    if (mixed && !this.#filled.has(NAMES.share)) throw new Error('what is minimised was not made for mixed images');
    this.#set(NAMES.labels, labels);
    this.#set(NAMES.partners, mixed?.partners ?? labels);
    this.#set(NAMES.share, [mixed?.share ?? 1]);
    this.#set(
      NAMES.seen,
      dominant(mixed, labels, ({ partners }) => partners),
    );
    this.#set(
      NAMES.indices,
      dominant(mixed, indices, () => partnersOf(indices)),
    );
    for (const { name, term, pass, recorded } of terms) {
      if (pass === 0) {
        this.#set(weightName(name), [term.weight]);
        for (const [input, values] of Object.entries(term.teacherValues())) this.#set(input, values);
      }
      const own = term.fill({ index: pass, of: passes.length });
      for (const [array, node] of Object.entries(recorded.step)) {
        const values = own[array];
        if (!values) throw new Error(`nothing fills ${array} of ${name}`);
        this.#set(node.attributes.name, values);
      }
    }
  }
}
