import { describe, expect, it } from 'vitest';
import { input } from '../../../src/ml/algebra/inputs.ts';
import type { Node } from '../../../src/ml/algebra/node.ts';
import { balancedWeights, crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import { mixedLoss } from '../../../src/ml/losses/mixed.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { signed } from '../../support/hashed.ts';
import { largestDifference } from '../../support/loss-reference.ts';

const CLASSES = 5;
const logits = signed('mixed.logits', 4 * CLASSES, 3);
const labels = Int32Array.of(0, 3, 3, 1);
const partners = Int32Array.of(1, 0, 3, 3);
const SHARE = 0.3;

/** Value and gradient of an expression of logits, labels, partners and λ. */
function evaluated(
  loss: (inputs: Readonly<Record<'logits' | 'labels' | 'partners' | 'share', Node>>) => Node,
  share = SHARE,
) {
  const given = { labels: input('labels', [4]), partners: input('partners', [4]), share: input('share', []) };
  const { value, gradients } = evaluateLoss(
    { logits: [4, CLASSES] },
    { logits },
    (inputs) => loss({ ...given, logits: inputs.logits }),
    { labels, partners, share: [share] },
  );
  return { value, gradient: gradients.logits };
}

const mixed = (smoothing: number, classWeights: Float64Array | null = null, share = SHARE) =>
  evaluated(
    ({ logits: z, ...given }) =>
      mixedLoss((of) => crossEntropy(z, of, { labelSmoothing: smoothing, classWeights }), given),
    share,
  );
const plain = (of: 'labels' | 'partners', smoothing: number, classWeights: Float64Array | null = null) =>
  evaluated((given) => crossEntropy(given.logits, given[of], { labelSmoothing: smoothing, classWeights }));

/** −Σ target · log softmax, mean over the batch, and its gradient, of a target that is written out. */
function softCrossEntropy(targets: readonly (readonly number[])[]): { loss: number; gradient: number[] } {
  const gradient: number[] = [];
  let loss = 0;
  targets.forEach((target, i) => {
    const row = [...logits.subarray(i * CLASSES, (i + 1) * CLASSES)];
    const sum = row.reduce((total, z) => total + Math.exp(z), 0);
    row.forEach((z, j) => {
      loss -= (target[j]! * (z - Math.log(sum))) / targets.length;
      gradient.push((Math.exp(z) / sum - target[j]!) / targets.length);
    });
  });
  return { loss, gradient };
}

describe('the loss of mixed images', () => {
  it.each([0, 0.1])(
    'is the cross entropy to the mixed, smoothed target, gradient and all: smoothing %d',
    (smoothing) => {
      const oneHot = (label: number, j: number) => (1 - smoothing) * Number(label === j) + smoothing / CLASSES;
      const targets = Array.from(labels, (label, i) =>
        Array.from({ length: CLASSES }, (_, j) => SHARE * oneHot(label, j) + (1 - SHARE) * oneHot(partners[i]!, j)),
      );
      const { value, gradient } = mixed(smoothing);
      const expected = softCrossEntropy(targets);
      expect(value).toBeCloseTo(expected.loss, 12);
      expect(largestDifference(gradient, expected.gradient)).toBeLessThan(1e-14);
    },
  );

  it('is λ · L(labels) + (1 − λ) · L(partners) where classes have weights', () => {
    const weights = balancedWeights([5, 1, 2, 9, 3]);
    const [own, other] = [plain('labels', 0.1, weights), plain('partners', 0.1, weights)];
    const { value, gradient } = mixed(0.1, weights);
    expect(value).toBeCloseTo(SHARE * own.value + (1 - SHARE) * other.value, 12);
    const expected = own.gradient.map((slope, k) => SHARE * slope + (1 - SHARE) * other.gradient[k]!);
    expect(largestDifference(gradient, expected)).toBeLessThan(1e-14);
  });

  it.each([
    [1, 'labels'],
    [0, 'partners'],
  ] as const)('with all of the share on one side (%d) is that side’s loss', (share, of) => {
    const [whole, alone] = [mixed(0.1, null, share), plain(of, 0.1)];
    expect(whole.value).toBe(alone.value);
    expect(largestDifference(whole.gradient, alone.gradient)).toBeLessThan(1e-15);
  });
});
