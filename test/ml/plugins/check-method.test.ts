import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { add, div, mul, square, sub } from '../../../src/ml/algebra/arithmetic.ts';
import { mean, sum, withoutGradient } from '../../../src/ml/algebra/reductions.ts';
import type { KdMethod, TermInputs } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import type { Node } from '../../../src/ml/algebra/node.ts';
import { checkMethod } from '../../../src/ml/plugins/check-method.ts';
import { checkSupervised } from '../../../src/ml/plugins/check-supervised.ts';
import type { SupervisedLoss } from '../../../src/ml/losses/loss.ts';
import { losses } from '../../../src/ml/losses/registry.ts';

const registered = Object.entries(methods as Readonly<Record<string, KdMethod>>);

/** A method that reads logits. */
const reading = (loss: (inputs: TermInputs) => Node): KdMethod => ({
  name: 'Mine',
  source: 'nobody, 2026',
  options: {},
  weighting: 'odds',
  taps: () => ({ teacher: ['logits'], student: ['logits'] }),
  create: () => ({ loss }),
});
const distance = ({ student, teacher }: TermInputs): Node => square(sub(student('logits'), teacher('logits')));

function problemOf(method: KdMethod): string {
  try {
    checkMethod('Mine', method, 'mine.ts');
  } catch (error) {
    if (error instanceof FailureError) return error.message;
    throw error;
  }
  return '';
}

describe('checkMethod', () => {
  // Of a first batch CRD has no gradient: its banks are its own to draw.
  it.each(registered.filter(([name]) => name !== 'CRD'))('finds nothing wrong with %s', (name, method) => {
    const { loss, difference } = checkMethod(name, method, 'ours');
    expect(loss).not.toBe(0);
    expect(difference).toBeLessThan(1e-7);
  });

  it('gives the loss of a method', () => {
    const { loss } = checkMethod(
      'Mine',
      reading((inputs) => mean(distance(inputs))),
      'mine.ts',
    );
    const numbers = (phase: number) => Array.from({ length: 20 }, (_, i) => Math.sin(1.3 * i + phase) / 2);
    const [ours, theirs] = [numbers(0), numbers(2)];
    expect(loss).toBeCloseTo(ours.reduce((total, value, i) => total + (value - (theirs[i] ?? 0)) ** 2, 0) / 20, 12);
  });

  it.each([
    ['is no scalar', distance, 'a term is a scalar'],
    ['does not move with the student', ({ teacher }: TermInputs) => mean(teacher('logits')), 'no finite gradient'],
    [
      'is not finite',
      (inputs: TermInputs) => div(mean(distance(inputs)), sum(sub(inputs.student('logits'), inputs.student('logits')))),
      'its loss is Infinity',
    ],
    [
      'hides a part of its slope',
      ({ student }: TermInputs) => mean(mul(student('logits'), withoutGradient(student('logits')))),
      'is not the slope',
    ],
    [
      'reads what it does not name',
      ({ student, teacher }: TermInputs) => mean(add(student('logits'), teacher('pooled'))),
      'methods.Mine: the term reads pooled',
    ],
  ])('refuses a loss that %s', (_, loss, said) => {
    expect(problemOf(reading(loss))).toContain(said);
  });
});

describe('checkSupervised', () => {
  it.each(Object.entries<SupervisedLoss>(losses))('finds nothing wrong with %s', (name, loss) => {
    const tried = checkSupervised(name, loss, 'ours');
    expect(tried.loss).toBeGreaterThan(0);
    expect(tried.difference).toBeLessThan(1e-7);
  });

  it('refuses a loss for each image', () => {
    const each = { summary: 'squares', source: 'nobody', of: (logits: Node) => square(logits) };
    expect(() => checkSupervised('each', each, 'mine.ts')).toThrow('losses.each: square of [4, 5]: a loss is a scalar');
  });
});
