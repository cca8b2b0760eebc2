import { describe, expect, it } from 'vitest';
import { supervise } from '../../../src/ml/train/supervised.ts';
import { largestDifference, lossReference, referenceInput, referenceLabels } from '../../support/loss-reference.ts';

const options = { labelSmoothing: 0.1, classWeights: null, polyEpsilon: 2, focalGamma: 2 };
const rdrop = { rdropAlpha: 0.3, rdropReduction: 'sum' } as const;
const batch = { images: new Float32Array(), labels: referenceLabels, indices: new Uint32Array(4), mixed: null };
const passOf = (name: string) => ({
  logits: referenceInput(name).values,
  logitsGradient: new Float32Array(20).fill(NaN),
});

describe('the supervised loss of a batch', () => {
  it('of two passes is R-Drop’s, with PyTorch’s value and gradients', () => {
    const passes = ['S', 'T'].map(passOf);
    const value = supervise(passes, batch, { recipe: { loss: 'cross-entropy', ...rdrop }, options, classes: 5 });
    const reference = lossReference['rdrop_sum']!;
    expect(value).toBeCloseTo(reference.value, 6);
    expect(largestDifference(passes[0]!.logitsGradient, reference.grad['S']!)).toBeLessThan(5e-7);
    expect(largestDifference(passes[1]!.logitsGradient, reference.grad['T']!)).toBeLessThan(5e-7);
  });

  it('of one pass is that of the recipe’s name', () => {
    const pass = passOf('S');
    const value = supervise([pass], batch, { recipe: { loss: 'poly', ...rdrop }, options, classes: 5 });
    expect(value).toBeCloseTo(lossReference['poly']!.value, 6);
    expect(largestDifference(pass.logitsGradient, lossReference['poly']!.grad['S']!)).toBeLessThan(3e-7);
  });

  it('of two passes over mixed images has the labels of both in each pass', () => {
    const recipe = { loss: 'cross-entropy', ...rdrop } as const;
    const partners = Int32Array.of(1, 1, 0, 3);
    const valueOf = (
      of: typeof batch | (Omit<typeof batch, 'mixed'> & { mixed: { share: number; partners: Int32Array } }),
    ) => supervise(['S', 'T'].map(passOf), of, { recipe, options, classes: 5 });
    const mixed = valueOf({ ...batch, mixed: { share: 0.3, partners } });
    expect(mixed).toBeCloseTo(0.3 * valueOf(batch) + 0.7 * valueOf({ ...batch, labels: partners }), 10);
  });
});
