import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { Adapters } from '../../../src/ml/train/adapters.ts';
import type { KdLoss } from '../../../src/ml/methods/kd-method.ts';
import { channelMask } from '../../../src/ml/methods/mgd.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { hashedState } from '../../support/hashed.ts';
import { evaluate, referenceTap } from '../../support/kd-evaluation.ts';
import { largestDifference, lossReference, toChannelsLast } from '../../support/loss-reference.ts';

/** A seed whose first mask of block 3 is the reference file's. */
const SEED = 398;
const OPTIMIZER = { name: 'sgd', momentum: 0, nesterov: false } as const;
const made = {
  reference: await createEngine('reference', { threads: 1 }),
  wasm: await createEngine('wasm', { threads: 1 }),
};

afterAll(async () => {
  await Promise.all(Object.values(made).map((engine) => engine.dispose()));
});

/** Adapters with the weights that the reference file's have: made by the hash, under names without the block. */
function hashedAdapters(term: KdLoss, engine: keyof typeof made): Adapters {
  const { adapters = [] } = term;
  const live = new Adapters(adapters, { engine: made[engine], optimizer: OPTIMIZER, threads: 1, seed: 0 });
  const state = new Map(live.state());
  for (const { name, network } of adapters) {
    const parameters = network.parameters.map((spec) => ({ ...spec, name: spec.name.replace('mgd.block3.', 'mgd.') }));
    for (const [parameter, values] of hashedState({ ...network, parameters }))
      state.set(`${name}/${parameter.replace('mgd.', 'mgd.block3.')}`, values);
  }
  live.restore(state, 0);
  return live;
}

/** The generator's gradients by PyTorch's names: what one update of plain SGD with rate 1 takes away. */
function parameterGradients(live: Adapters) {
  const before = live.state();
  live.update({ learningRate: 1, weightDecay: 0 });
  return [...live.state()].map(
    ([path, values]) =>
      [
        path.slice(path.indexOf('/') + 1).replace('mgd.block3.', 'mgd.'),
        values.map((value, i) => before.get(path)![i]! - value),
      ] as const,
  );
}

describe.each(['reference', 'wasm'] as const)('MGD with trained adapters on the %s engine', (engine) => {
  it.each([
    ['mgd', 'FS'],
    ['mgd_align', 'FS2'],
  ])('gives PyTorch’s value, gradient of the map and gradients of every weight: %s', (name, student) => {
    const reference = lossReference[name]!;
    let live: Adapters | undefined;
    const runner = (term: KdLoss) => (live = hashedAdapters(term, engine));
    const given = referenceTap('block3', { student, teacher: 'FT' });
    const { value, gradients } = evaluate({ method: methods.MGD, ...given, seed: SEED, runner });
    expect(Math.abs(value / reference.value - 1)).toBeLessThan(1e-5);
    const scale = 1e5;
    const slopes = toChannelsLast(reference.grad[student]!, lossReference.inputs[student]!.shape);
    const enlarged = (values: ArrayLike<number>) => Array.from(values, (slope) => scale * slope);
    // α = 7e-5 makes all gradients small: compared as if it were 7.
    expect(largestDifference(enlarged(gradients['block3']!), enlarged(slopes))).toBeLessThan(1e-5);
    const ofWeights = parameterGradients(live!).filter(([parameter]) => parameter in reference.layer_grad!);
    expect(ofWeights.map(([parameter]) => parameter).sort()).toEqual(Object.keys(reference.layer_grad!).sort());
    // A weight of size 1 in float32 moves by steps of 6e-8: 6e-3 of such a gradient.
    for (const [parameter, slope] of ofWeights)
      expect(largestDifference(enlarged(slope), enlarged(reference.layer_grad![parameter]!)), parameter).toBeLessThan(
        0.012,
      );
    live!.dispose();
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
