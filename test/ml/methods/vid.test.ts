import { describe, expect, it } from 'vitest';
import type { AdapterCall } from '../../../src/ml/algebra/node.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { EchoRunner } from '../../support/echo-runner.ts';
import type { Values } from '../../support/evaluate-expression.ts';
import { evaluate, referenceTap, someSplit } from '../../support/kd-evaluation.ts';
import { largestDifference, lossReference, toChannelsLast } from '../../support/loss-reference.ts';
import { slopes, total } from '../../support/plain-arrays.ts';

const given = referenceTap('block3', { student: 'FS', teacher: 'FT' });
const [ours, theirs] = [given.taps.student['block3']!, given.taps.teacher['block3']!];

/** The predictor is the identity; the scale gives what it is told for each channel, and keeps the gradient it is given. */
class ScaleRunner extends EchoRunner {
  readonly scale: readonly number[];
  gradient: Values = [];

  constructor(scale: readonly number[]) {
    super();
    this.scale = scale;
  }

  override forward(call: AdapterCall, input: Float64Array, images: number): Values {
    if (!call.adapter.name.endsWith('.scale')) return super.forward(call, input, images);
    expect([...input].every((value) => value === 0)).toBe(true);
    return Float64Array.from({ length: images * this.scale.length }, (_, i) => this.scale[i % this.scale.length]!);
  }

  override backward(call: AdapterCall, gradient: Float64Array): Values {
    if (call.adapter.name.endsWith('.scale')) this.gradient = gradient;
    return super.backward(call, gradient);
  }
}

const run = (scale: readonly number[]) => {
  const runner = new ScaleRunner(scale);
  const result = evaluate({ method: methods.VID, ...given, runner });
  return { ...result, ofScale: runner.gradient };
};

/** mean ½ ((f_s − f_t)²/σ² + log σ²), σ² = log(1 + e^scale) + 1e-5 by channel. */
const oracle = (student: ArrayLike<number>, scale: ArrayLike<number>): number =>
  total(student.length, (i) => {
    const variance = Math.log1p(Math.exp(scale[i % 3]!)) + 1e-5;
    return ((student[i]! - theirs[i]!) ** 2 / variance + Math.log(variance)) / 2;
  }) / student.length;

describe('variational information', () => {
  it('is PyTorch’s value and gradient where every channel has the variance 5', () => {
    const reference = lossReference['vid_identity']!;
    const scale = Math.log(Math.expm1(5 - 1e-5));
    const { value, gradients } = run([scale, scale, scale]);
    expect(Math.abs(value / reference.value - 1)).toBeLessThan(5e-9);
    const expected = toChannelsLast(reference.grad['FS']!, lossReference.inputs['FS']!.shape);
    expect(largestDifference(gradients['block3']!, expected)).toBeLessThan(5e-9);
  });

  it('has a variance for each channel, and gradients of maps and scales that differences show', () => {
    const scale = [-1, 0.5, 3];
    const { value, gradients, ofScale } = run(scale);
    expect(value).toBeCloseTo(oracle(ours, scale), 12);
    const ofMap = slopes((student) => oracle(student, scale), ours);
    expect(largestDifference(gradients['block3']!, ofMap)).toBeLessThan(1e-9);
    // Each image's copy of the scale has a share of its gradient; the layer's bias gets their sum.
    const sums = [0, 1, 2].map((channel) => total(4, (image) => ofScale[3 * image + channel]!));
    expect(
      largestDifference(
        sums,
        slopes((moved) => oracle(ours, moved), scale),
      ),
    ).toBeLessThan(1e-9);
  });

  it('starts from the variance that it is told', () => {
    const { adapters = [] } = methods.VID.create({ vid_variance: 2 }, given.shapes, given.shapes, someSplit);
    const bias = adapters.find(({ name }) => name.endsWith('.scale'))!.initial!['vid.block3.scale.bias']!;
    expect(Math.log1p(Math.exp(bias)) + 1e-5).toBeCloseTo(2, 10);
  });
});
