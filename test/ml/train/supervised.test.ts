import { describe, expect, it } from 'vitest';
import { array, constant } from '../../../src/ml/algebra/inputs.ts';
import { supervise, type Supervision, type Targets } from '../../../src/ml/train/supervised.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { largestDifference, lossReference, referenceInput, referenceLabels } from '../../support/loss-reference.ts';

const options = { labelSmoothing: 0.1, classWeights: null, polyEpsilon: 2, focalGamma: 2 };
const rdrop = { rdropAlpha: 0.3, rdropReduction: 'sum' } as const;
const labels = array([...referenceLabels]);
/** What the nine digits of the reference file allow. */
const DIGITS = 2e-9;
const valuesOf = (name: string) => referenceInput(name).values;

/** The loss of passes with the logits of the reference file, by their names there. */
function evaluated(passes: readonly ('S' | 'T')[], targets: Targets, loss: Supervision['recipe']['loss']) {
  const [shapes, values] = [
    { S: [4, 5], T: [4, 5] },
    { S: valuesOf('S'), T: valuesOf('T') },
  ];
  return evaluateLoss(shapes, values, (inputs) =>
    supervise(
      passes.map((name) => inputs[name]),
      targets,
      { recipe: { loss, ...rdrop }, options },
    ),
  );
}

describe('the supervised loss of a batch', () => {
  it('of two passes is R-Drop’s, with PyTorch’s value and gradients', () => {
    const { value, gradients } = evaluated(['S', 'T'], { labels, mixed: null }, 'cross-entropy');
    const reference = lossReference['rdrop_sum']!;
    expect(largestDifference([value], [reference.value])).toBeLessThan(DIGITS);
    expect(largestDifference(gradients.S, reference.grad['S']!)).toBeLessThan(DIGITS);
    expect(largestDifference(gradients.T, reference.grad['T']!)).toBeLessThan(DIGITS);
  });

  it('of one pass is that of the recipe’s name', () => {
    const { value, gradients } = evaluated(['S'], { labels, mixed: null }, 'poly');
    expect(largestDifference([value], [lossReference['poly']!.value])).toBeLessThan(DIGITS);
    expect(largestDifference(gradients.S, lossReference['poly']!.grad['S']!)).toBeLessThan(DIGITS);
  });

  it('of two passes over mixed images has the labels of both in each pass', () => {
    const partners = array([1, 1, 0, 3]);
    const valueOf = (targets: Targets) => evaluated(['S', 'T'], targets, 'cross-entropy').value;
    const mixed = valueOf({ labels, mixed: { share: constant(0.3), partners } });
    const [own, other] = [labels, partners].map((of) => valueOf({ labels: of, mixed: null }));
    expect(mixed).toBeCloseTo(0.3 * own! + 0.7 * other!, 12);
  });
});
