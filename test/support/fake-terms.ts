import { add, mul, sub } from '../../src/ml/algebra/arithmetic.ts';
import { constant } from '../../src/ml/algebra/inputs.ts';
import type { Node } from '../../src/ml/algebra/node.ts';
import { sum, withoutGradient } from '../../src/ml/algebra/reductions.ts';
import type { RecordedTerm } from '../../src/ml/methods/terms/record-term.ts';
import type { LossTerm, LossTerms, TermPlace } from '../../src/ml/train/loss-terms.ts';

const none = (): never => {
  throw new Error('the term has neither memory nor adapters');
};

/** What a test says of a term: the rest is nothing. */
export interface FakeTerm extends Partial<Omit<LossTerm, 'record'>> {
  /** L_k. */
  readonly loss: (place: TermPlace) => Node;
  /** Inputs that `fill` gives, by the names that it gives them. */
  readonly step?: RecordedTerm['step'];
}

/** A term without teacher, memory and adapters, of weight 1 unless told. */
export const fakeTerm = ({ loss, step = {}, ...own }: FakeTerm): LossTerm => ({
  ...{ weight: 1, teacherArrays: () => ({}), teacherValues: () => ({}), fill: () => ({}) },
  ...{ memory: none, adapterRun: none },
  record: (place) => ({ loss: loss(place), step, remember: [], memory: {}, adapters: [] }),
  ...own,
});

/** Terms that train nothing, by name. */
export const fakeTerms = (
  terms: Readonly<Record<string, LossTerm>>,
  change: Partial<Omit<LossTerms, 'terms'>> = {},
): LossTerms => ({
  ...{ taps: [], prepare: () => undefined, observe: () => undefined, update: () => undefined },
  ...{ gradients: () => [], state: () => new Map(), restore: () => undefined },
  terms: new Map(Object.entries(terms)),
  ...change,
});

/**
 * A loss of constant value.
 *
 * @param value - its value
 * @param push - its gradient in every logit
 * @returns what makes its expression
 */
export const pushing =
  (value: number, push = 0) =>
  ({ student }: TermPlace): Node => {
    const logits = student('logits');
    return add(constant(value), mul(sum(sub(logits, withoutGradient(logits))), push));
  };
