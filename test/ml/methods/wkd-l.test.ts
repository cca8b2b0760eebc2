import { describe, expect, it } from 'vitest';
import { methods } from '../../../src/ml/methods/registry.ts';
import { signed } from '../../support/hashed.ts';
import { evaluate, referenceTap } from '../../support/kd-evaluation.ts';
import { largestDifference, lossReference, referenceLabels } from '../../support/loss-reference.ts';
import { slopes, total } from '../../support/plain-arrays.ts';

const CLASSES = 5;
const FEATURES = 3;
const weights = signed('classifier', CLASSES * FEATURES);
const reference = referenceTap('logits', { student: 'S', teacher: 'T' });
const given = {
  shapes: {
    student: reference.shapes.student,
    teacher: { ...reference.shapes.teacher, classifier: { height: CLASSES, width: 1, channels: FEATURES } },
  },
  taps: { student: reference.taps.student, teacher: { ...reference.taps.teacher, classifier: weights } },
};
const [ours, theirs] = [reference.taps.student['logits']!, reference.taps.teacher['logits']!];

const softmax = (logits: readonly number[]) => {
  const sum = total(logits.length, (j) => Math.exp(logits[j]!));
  return logits.map((logit) => Math.exp(logit) / sum);
};

/** 1 − exp(−κ (1 − cos(w_i, w_j))) + 1e-8. */
function cost(i: number, j: number, sharpness: number): number {
  const product = (a: number, b: number) =>
    total(FEATURES, (k) => weights[a * FEATURES + k]! * weights[b * FEATURES + k]!);
  const cosine = product(i, j) / Math.sqrt(product(i, i) * product(j, j));
  return 1 - Math.exp(-sharpness * Math.max(1 - cosine, 0)) + 1e-8;
}

/** The term as the authors' program computes it: the target's class is cut out of logits and costs. */
function oracle(student: ArrayLike<number>, by = { degree: 2, gamma: 30, sharpness: 1, turns: 10 }): number {
  const losses = [...referenceLabels].map((label, image) => {
    const row = (of: ArrayLike<number>) => Array.from({ length: CLASSES }, (_, j) => of[image * CLASSES + j]!);
    const ofTarget = -softmax(row(theirs))[label]! * Math.log(softmax(row(student))[label]!);
    const others = [0, 1, 2, 3, 4].filter((j) => j !== label);
    const without = (of: ArrayLike<number>) => softmax(others.map((j) => row(of)[j]! / by.degree));
    const [p, q] = [without(student), without(theirs)];
    const c = others.map((i) => others.map((j) => cost(i, j, by.sharpness)));
    const kernel = c.map((line) => line.map((value) => Math.exp(-value / 0.05)));
    let u = p.map(() => 1 / p.length);
    let v = q;
    for (let turn = 0; turn < by.turns; turn++) {
      v = q.map((mass, j) => mass / (total(4, (i) => kernel[i]![j]! * u[i]!) + 1e-8));
      u = p.map((mass, i) => mass / (total(4, (j) => kernel[i]![j]! * v[j]!) + 1e-8));
    }
    return ofTarget + by.gamma * total(4, (i) => total(4, (j) => u[i]! * kernel[i]![j]! * v[j]! * c[i]![j]!));
  });
  return total(losses.length, (image) => losses[image]!) / losses.length;
}

describe('the Wasserstein distance of logits', () => {
  it.each([
    [{}, { degree: 2, gamma: 30, sharpness: 1, turns: 10 }],
    [
      { wkd_temperature: 1, wkd_gamma: 2, wkd_sharpness: 3, wkd_iterations: 3 },
      { degree: 1, gamma: 2, sharpness: 3, turns: 3 },
    ],
  ])('has the value of loops over images and classes, and the gradient of their differences: %j', (options, by) => {
    const { value, gradients } = evaluate({ method: methods['WKD-L'], options, ...given });
    expect(Math.abs(value / oracle(ours, by) - 1)).toBeLessThan(1e-9);
    const expected = slopes((student) => oracle(student, by), ours);
    expect(largestDifference(gradients['logits']!, expected)).toBeLessThan(1e-6);
  });

  it('is the cross entropy of the target class alone where γ is 0, as NKD has it', () => {
    const { value } = evaluate({ method: methods['WKD-L'], options: { wkd_gamma: 0 }, ...given });
    expect(value).toBeCloseTo(lossReference['nkd_target']!.value, 8);
  });
});
