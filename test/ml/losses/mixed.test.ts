import { describe, expect, it } from 'vitest';
import { balancedWeights, crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import { mixedLoss, type LabelLoss } from '../../../src/ml/losses/mixed.ts';
import { signed } from '../../support/hashed.ts';

const CLASSES = 5;
const logits = signed('mixed.logits', 4 * CLASSES, 3);
const labels = Int32Array.of(0, 3, 3, 1);
const partners = Int32Array.of(1, 0, 3, 3);
const SHARE = 0.3;

const lossWith =
  (smoothing: number, classWeights: Float64Array | null = null): LabelLoss =>
  (of, gradient) =>
    crossEntropy({ logits, labels: of, classes: CLASSES }, { labelSmoothing: smoothing, classWeights }, gradient);

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
      const gradient = new Float32Array(logits.length).fill(NaN);
      const loss = mixedLoss(lossWith(smoothing), { share: SHARE, labels, partners }, gradient);
      const expected = softCrossEntropy(targets);
      expect(loss).toBeCloseTo(expected.loss, 6);
      gradient.forEach((value, k) => expect(value).toBeCloseTo(expected.gradient[k]!, 6));
    },
  );

  it('is λ · L(labels) + (1 − λ) · L(partners) where classes have weights', () => {
    const weighted = lossWith(0.1, balancedWeights([5, 1, 2, 9, 3]));
    const [own, other] = [labels, partners].map((of) => {
      const gradient = new Float32Array(logits.length);
      return { loss: weighted(of, gradient), gradient };
    });
    const gradient = new Float32Array(logits.length);
    const loss = mixedLoss(weighted, { share: SHARE, labels, partners }, gradient);
    expect(loss).toBeCloseTo(SHARE * own!.loss + (1 - SHARE) * other!.loss, 12);
    gradient.forEach((value, k) =>
      expect(value).toBeCloseTo(SHARE * own!.gradient[k]! + (1 - SHARE) * other!.gradient[k]!, 7),
    );
  });

  it.each([
    [1, labels],
    [0, partners],
  ])('with all of the share on one side (%d) is that side’s loss', (share, of) => {
    const [mixed, plain] = [new Float32Array(logits.length), new Float32Array(logits.length)];
    expect(mixedLoss(lossWith(0.1), { share, labels, partners }, mixed)).toBe(lossWith(0.1)(of, plain));
    expect(mixed).toEqual(plain);
  });
});
