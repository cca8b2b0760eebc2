import { describe, expect, it } from 'vitest';
import { addN, exp, mul, square } from '../../../../src/ml/algebra/arithmetic.ts';
import { input } from '../../../../src/ml/algebra/inputs.ts';
import { logSoftmax, sum } from '../../../../src/ml/algebra/reductions.ts';
import { lowerExpression } from '../../../../src/ml/engines/lower/expression/lower.ts';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import type { Node } from '../../../../src/ml/algebra/node.ts';
import { evaluateNodes } from '../../../support/evaluate-expression.ts';
import { runNodes } from '../../../../src/ml/engines/evaluate-expression.ts';
import { expressions } from './expressions.ts';

const executor = new ReferenceExecutor();

const lower = (result: Node) =>
  lowerExpression({
    target: executor.target,
    inputs: new Map(),
    adapter: () => {
      throw new Error('no adapters');
    },
    ...{ results: { result }, writes: [], updates: [], effects: [] },
  }).program.sections['0']!.map(({ primitive }) => primitive);

describe('a lowered expression', () => {
  it.each(expressions)('has the values of its nodes: $title', ({ roots, values }) => {
    const expected = evaluateNodes(roots, values);
    runNodes(executor, roots, values).forEach((result, k) => {
      const peak = Math.max(1, ...expected[k]!.map(Math.abs));
      expect(result.length).toBe(expected[k]!.length);
      result.forEach((value, i) => expect(Math.abs(value - expected[k]![i]!) / peak).toBeLessThan(1e-12));
    });
  });

  it('takes as much as possible in one walk over memory', () => {
    const x = input('x', [50, 20]);
    expect(lower(sum(square(mul(exp(x), 3))))).toEqual(['reduce']);
    // The largest; x less that, which is read twice; the sum of exponentials; its logarithm; then all else.
    expect(lower(sum(square(logSoftmax(x))))).toEqual(['reduce', 'elementwise', 'reduce', 'elementwise', 'reduce']);
    // More inputs than a walk has.
    const many = Array.from({ length: 9 }, (_, k) => input(`x${k}`, [50, 20]));
    expect(lower(sum(addN(many.map((one) => square(one))))).length).toBe(2);
  });
});
