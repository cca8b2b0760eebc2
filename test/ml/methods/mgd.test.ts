import { describe, expect, it } from 'vitest';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { channelMask } from '../../../src/ml/methods/mgd.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { ConvRunner } from '../../support/conv-runner.ts';
import { hashedState } from '../../support/hashed.ts';
import { optionsOf } from '../../support/default-options.ts';
import { evaluate, referenceTap, someSplit } from '../../support/kd-evaluation.ts';
import { largestDifference, lossReference, toChannelsLast } from '../../support/loss-reference.ts';

/** A seed whose first mask of block 3 is the reference file's. */
const SEED = 398;
const { MGD } = methods;

/** Names of parameters in the reference file lack the block. */
const unblocked = (name: string): string => name.replace('mgd.block3.', 'mgd.');

/** Weights that the reference file's adapters have: made by the hash. */
function hashedParameters(shapes: Parameters<typeof MGD.create>[1]): StateDict {
  const { adapters = [] } = MGD.create(optionsOf(MGD), shapes, shapes, someSplit);
  return new Map(
    adapters.flatMap(({ network }) => {
      const parameters = network.parameters.map((spec) => ({ ...spec, name: unblocked(spec.name) }));
      return [...hashedState({ ...network, parameters })].map(
        ([name, values]) => [name.replace('mgd.', 'mgd.block3.'), values] as const,
      );
    }),
  );
}

describe('MGD with adapters that have weights', () => {
  it.each([
    ['mgd', 'FS'],
    ['mgd_align', 'FS2'],
  ])('gives PyTorch’s value, gradient of the map and gradients of every weight: %s', (name, student) => {
    const reference = lossReference[name]!;
    const given = referenceTap('block3', { student, teacher: 'FT' });
    const runner = new ConvRunner(hashedParameters(given.shapes));
    const { value, gradients } = evaluate({ method: MGD, ...given, seed: SEED, runner });
    // The fixture has nine digits, of inputs too; α = 7e-5 makes all gradients small: compared as if it were 7.
    expect(Math.abs(value / reference.value - 1)).toBeLessThan(5e-9);
    const enlarged = (values: ArrayLike<number>) => Array.from(values, (slope) => 1e5 * slope);
    const slopes = toChannelsLast(reference.grad[student]!, lossReference.inputs[student]!.shape);
    expect(largestDifference(enlarged(gradients['block3']!), enlarged(slopes))).toBeLessThan(5e-9);
    const ofWeights = [...runner.gradients].map(([parameter, slope]) => [unblocked(parameter), slope] as const);
    expect(ofWeights.map(([parameter]) => parameter).sort()).toEqual(Object.keys(reference.layer_grad!).sort());
    for (const [parameter, slope] of ofWeights)
      expect(largestDifference(enlarged(slope), enlarged(reference.layer_grad![parameter]!)), parameter).toBeLessThan(
        5e-9,
      );
  });
});

describe('the mask', () => {
  const mask = (
    change: Partial<{ images: number; channels: number; block: number; seed: number; step: number }> = {},
  ) => {
    const { seed = 1, step = 0, images = 64, channels = 128, block = 4 } = change;
    return [...channelMask({ images, channels, block }, 0.15, { seed, step })];
  };

  it('erases fifteen channels of a hundred', () => {
    const kept = mask();
    const erased = kept.filter((value) => value === 0).length;
    expect(new Set(kept)).toEqual(new Set([0, 1]));
    // 8192 draws: a standard deviation of 0.4 %.
    expect(erased / kept.length).toBeGreaterThan(0.138);
    expect(erased / kept.length).toBeLessThan(0.162);
  });

  it('is a function of seed, step, block and image', () => {
    const first = mask().join();
    expect(mask().join()).toBe(first);
    for (const change of [{ seed: 2 }, { step: 1 }, { block: 3 }]) expect(mask(change).join()).not.toBe(first);
    expect(mask({ images: 3 }).join()).toBe(
      mask()
        .slice(0, 3 * 128)
        .join(),
    );
  });

  it('differs from image to image', () => {
    const images = Array.from({ length: 64 }, (_, image) =>
      mask()
        .slice(128 * image, 128 * (image + 1))
        .join(),
    );
    expect(new Set(images).size).toBe(64);
  });
});
