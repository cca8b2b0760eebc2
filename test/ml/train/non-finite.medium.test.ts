import { afterAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { BatchImages } from '../../../src/ml/inference/batch-images.ts';
import { predict } from '../../../src/ml/inference/predict.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { train } from '../../support/training-job.ts';

const data = paintedSet({ train: 6, val: 5 });
const network = networkFor('convnet4', data.manifest);
const engine = await createEngine('wasm', { threads: 1 });
const session = engine.session(network, { optimizer: null, threads: 1 });
afterAll(() => engine.dispose());

/** Initial weights but for one value. */
function spoiled(name: string, value: number): StateDict {
  const state = new Map(initialState(network, 1));
  state.set(name, state.get(name)!.with(0, value));
  return state;
}

async function failureOf(promise: Promise<unknown>): Promise<FailureError['failures'][number] | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
}

describe('a prediction that is no number', () => {
  const images = new BatchImages(engine, data.manifest);
  const { signal } = new AbortController();
  const predicted = (state: StateDict, tta: 'none' | 'ten-crop' = 'none') => {
    session.write(state);
    return failureOf(predict(session, data.split('val'), { format: data.manifest, batchSize: 2, images, tta, signal }));
  };

  it.each([
    ['a weight that is NaN', 'fc.weight', NaN, 'NaN'],
    ['an infinite bias', 'fc.bias', -Infinity, '-Infinity'],
    ['a running mean that is NaN', 'block3.bn.running_mean', NaN, 'NaN'],
    ['a running variance below zero', 'block3.bn.running_var', -1, 'NaN'],
  ])('of %s names the network and the first image', async (_, name, value, said) => {
    expect(await predicted(spoiled(name, value))).toMatchObject({
      ...{ code: 'non-finite-logits', expected: 'finite logits' },
      // Validation images are numbered behind the six training images.
      message: `convnet4 gives ${said} for painted#6`,
    });
  });

  it('names the image that it is of, where others are well', async () => {
    /** The first logit is a multiple of the sum of the features, the others are 0. */
    const summing = (by: number) =>
      new Map(initialState(network, 1))
        .set(
          'fc.weight',
          Float32Array.from({ length: 3 * 16 }, (_, i) => (i < 16 ? by : 0)),
        )
        .set('fc.bias', new Float32Array(3));
    session.write(summing(1));
    const options = { format: data.manifest, batchSize: 5, images, tta: 'none', signal } as const;
    const sums = (await predict(session, data.split('val'), options))!.filter((_, i) => i % 3 === 0);
    const [second = NaN, largest = NaN] = sums.toSorted().slice(-2);
    expect(sums.indexOf(largest)).toBeGreaterThan(0);
    // Only the largest sum goes beyond the largest float32.
    expect(await predicted(summing(3.4028e38 / ((largest + second) / 2)))).toMatchObject({
      message: `convnet4 gives Infinity for painted#${6 + sums.indexOf(largest)}`,
    });
  });

  it('is refused in the mean of ten crops too', async () => {
    expect(await predicted(spoiled('fc.bias', Infinity), 'ten-crop')).toMatchObject({
      message: 'convnet4 gives Infinity for painted#6',
    });
  });

  it('is not seen in weights that give large, but finite logits', async () => {
    expect(await predicted(spoiled('fc.bias', -3e38))).toBeUndefined();
  });
});

describe('training', () => {
  const weights = (name: string, value: number) =>
    failureOf(train({ data, change: { initial: spoiled(name, value) } }));

  it.each([
    ['of the first convolution', 'block1.conv.weight'],
    ['of the last batch norm', 'block3.bn.bias'],
    ['of the classifier', 'fc.weight'],
  ])('from a NaN among the weights %s stops at its first step and says so', async (_, name) => {
    expect(await weights(name, NaN)).toMatchObject({
      code: 'non-finite-loss',
      message: 'the loss became NaN at step 0 (epoch 0); it was the first step',
    });
  });

  it('counts steps over epochs, and knows the loss before', async () => {
    // One batch an epoch, the second one spoiled from outside: nothing else could make it NaN.
    const images = new Float32Array(6 * 8 * 8 * 3);
    const loader = {
      count: 1,
      take: (epoch: number) => ({
        images: images.map((_, i) => (epoch === 2 && i === 100 ? NaN : Math.sin(i))),
        labels: data.split('train').labels,
        indices: new Uint32Array(6),
        mixed: null,
      }),
      close: () => Promise.resolve(),
    };
    const rows: number[] = [];
    const epoch = ({ train_loss: loss }: { readonly train_loss: number }) => rows.push(loss);
    const failure = await failureOf(train({ data, recipe: { epochs: 4 }, change: { loader, epoch } }));
    expect(rows).toHaveLength(2);
    expect(failure?.message).toBe(
      `the loss became NaN at step 2 (epoch 2); the step before had ${rows[1]!.toPrecision(4)}`,
    );
  });

  it('whose last update leaves no usable weights does not keep them: validation refuses', async () => {
    // One step and a rate beyond float32: the loss was finite, what it led to is not.
    const recipe = { epochs: 1, lr: 1e38, optimizer: 'sgd', momentum: 0, schedule: 'constant' } as const;
    expect(await failureOf(train({ data, recipe: { ...recipe, batch_size: 6 } }))).toMatchObject({
      code: 'non-finite-logits',
    });
  });
});
