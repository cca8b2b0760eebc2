import { describe, expect, it } from 'vitest';
import { input } from '../../../src/ml/algebra/inputs.ts';
import type { BatchLoader, TrainBatch } from '../../../src/ml/data/batch-loader.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { averageDecay } from '../../../src/ml/optim/moving-average.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { fakeTerm, fakeTerms, pushing } from '../../support/fake-terms.ts';
import { signed } from '../../support/hashed.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { readArrays } from '../../support/read-arrays.ts';
import { crossEntropy } from '../../support/softmax.ts';
import { heldCheckpoint, train, type Run } from '../../support/training-job.ts';

/** Seven images of three classes: three, two, two. */
const data = paintedSet({ train: 7, val: 5 });
const labels = data.split('train').labels;
const network = networkFor('convnet4', data.manifest);
const initial = initialState(network, 7);
const images = (count: number, name = 'images') => signed(name, count * 8 * 8 * 3);

function loaderOf(batches: readonly TrainBatch[]): BatchLoader {
  return { count: batches.length, take: (_, batch) => batches[batch]!, close: () => Promise.resolve() };
}
/** A batch of images with these labels; which of the split they are does not matter here. */
const batchOf = (own: Int32Array, name?: string): TrainBatch => ({
  ...{ images: images(own.length, name), labels: own, indices: new Uint32Array(own.length), mixed: null },
});
const all = batchOf(labels);

/** Engines, and the digits after the point that their losses near 1 have. */
const ENGINES = [
  ['wasm', 6],
  ['reference', 12],
] as const;
type Name = (typeof ENGINES)[number][0];

/** Logits of a training pass from the initial weights, as exact as the engine has them: the first ones that a run sees. */
async function firstLogits(name: Name, batch: TrainBatch): Promise<Float32Array | Float64Array> {
  const engine = await createEngine(name, { threads: 1 });
  const optimizer = { name: 'sgd', momentum: 0, nesterov: false } as const;
  const session = engine.session(network, { optimizer, threads: 1 });
  session.write(initial);
  const step = session.trainStep({ batch: batch.labels.length, taps: [] });
  step.input.set(batch.images);
  step.forward(0, 0);
  const { logits } = readArrays(session, { logits: step.array('logits') });
  await engine.dispose();
  return logits;
}

/** One epoch; what its row says of the loss. */
async function lossOf(engine: Name, recipe: Run['recipe'], loader = loaderOf([all])): Promise<number> {
  return (await train({ data, engine, recipe: { epochs: 1, ...recipe }, change: { loader } }))!.history[0]!.train_loss;
}

/** −log p of every class, row by row. */
function surprise(logits: Float32Array | Float64Array): number[][] {
  return Array.from({ length: logits.length / 3 }, (_, row) => {
    const z = [...logits.subarray(3 * row, 3 * row + 3)];
    const total = Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0));
    return z.map((value) => total - value);
  });
}

describe.each(ENGINES)('the loss of a step on %s', (engine, digits) => {
  it.each([0, 0.1, 0.5])('is cross entropy with the recipe’s smoothing %d', async (smoothing) => {
    const expected = crossEntropy(await firstLogits(engine, all), [...labels], smoothing).loss;
    expect(await lossOf(engine, { label_smoothing: smoothing })).toBeCloseTo(expected, digits);
  });

  it.each([0, 0.2])('weighs classes by √(n / (C·n_c)) of the training split, smoothing %d', async (smoothing) => {
    const rows = surprise(await firstLogits(engine, all));
    const weights = [3, 2, 2].map((count) => Math.sqrt(7 / (3 * count)));
    let [loss, norm] = [0, 0];
    rows.forEach((row, image) => {
      const own = labels[image]!;
      norm += weights[own]!;
      loss += (1 - smoothing) * weights[own]! * row[own]!;
      loss += (smoothing / 3) * row.reduce((sum, value, label) => sum + weights[label]! * value, 0);
    });
    expect(await lossOf(engine, { class_balance: true, label_smoothing: smoothing })).toBeCloseTo(loss / norm, digits);
  });

  it('is poly where the recipe says so: only its cross entropy is weighed', async () => {
    const ce = await lossOf(engine, { class_balance: true });
    const rows = surprise(await firstLogits(engine, all));
    const misses = rows.reduce((sum, row, image) => sum + (1 - Math.exp(-row[labels[image]!]!)), 0) / 7;
    expect(await lossOf(engine, { class_balance: true, loss: 'poly', poly_epsilon: 3 })).toBeCloseTo(
      ce + 3 * misses,
      digits,
    );
  });

  it('is focal where the recipe says so: weighed, and divided by the number of images', async () => {
    const rows = surprise(await firstLogits(engine, all));
    const weights = [3, 2, 2].map((count) => Math.sqrt(7 / (3 * count)));
    const loss = rows.map((row, image) => {
      const terms = row.map((value, label) => {
        const q = Math.exp(-value) + 1e-7;
        return (1 - q) ** 3 * -Math.log(q) * (label === labels[image] ? 0.8 : 0.1);
      });
      return weights[labels[image]!]! * terms.reduce((sum, term) => sum + term, 0);
    });
    const mean = loss.reduce((sum, value) => sum + value, 0) / 7;
    const focal = { class_balance: true, loss: 'focal', focal_gamma: 3, label_smoothing: 0.2 } as const;
    expect(await lossOf(engine, focal)).toBeCloseTo(mean, digits);
  });

  it('is weighed by images in the mean of an epoch, its last batch small', async () => {
    // Rate 0: both batches are seen with the initial weights.
    const batches = [batchOf(labels.slice(0, 5), 'a'), batchOf(labels.slice(5), 'b')];
    const losses = await Promise.all(
      batches.map(async (batch) => crossEntropy(await firstLogits(engine, batch), [...batch.labels]).loss),
    );
    const recipe = { lr: 0, weight_decay: 0, schedule: 'constant' } as const;
    expect(await lossOf(engine, recipe, loaderOf(batches))).toBeCloseTo((5 * losses[0]! + 2 * losses[1]!) / 7, digits);
  });
});

describe('a distillation term', () => {
  const run = { data, recipe: { epochs: 1 } };

  it.each(ENGINES)(
    'stands beside the supervised loss, weighted and by name without its weight: %s',
    async (engine, digits) => {
      const kd = () => fakeTerms({ Constant: fakeTerm({ weight: 100, loss: pushing(3.5) }) });
      const fitted = await train({ ...run, engine, kd, change: { loader: loaderOf([all]) } });
      const expected = crossEntropy(await firstLogits(engine, all), [...labels]).loss;
      expect(fitted!.history[0]!.kd_loss).toBe(350);
      expect(fitted!.history[0]!.kd_terms).toEqual({ Constant: 3.5 });
      expect(fitted!.history[0]!.train_loss).toBeCloseTo(expected, digits);
    },
  );

  it('of an epoch is its mean over images, as the loss is', async () => {
    let value = 0;
    const step = { value: input('rising', []) };
    const fill = () => ({ value: Float32Array.of((value += 10)) });
    const kd = () => fakeTerms({ Rising: fakeTerm({ weight: 0.1, step, fill, loss: () => step.value }) });
    const loader = loaderOf([5, 2].map((count) => batchOf(labels.slice(0, count))));
    const fitted = await train({ ...run, kd, change: { loader } });
    expect(fitted!.history[0]!.kd_loss).toBeCloseTo((5 * 1 + 2 * 2) / 7, 12);
    expect(fitted!.history[0]!.kd_terms['Rising']).toBeCloseTo((5 * 10 + 2 * 20) / 7, 12);
  });

  it('is part of the total that must be finite, and its weight is among the advice', async () => {
    const kd = () => fakeTerms({ Broken: fakeTerm({ weight: 0.5, loss: pushing(Infinity) }) });
    await expect(train({ ...run, kd })).rejects.toMatchObject({
      failures: [
        {
          message: 'the loss became Infinity at step 0 (epoch 0); it was the first step',
          fix: 'lower lr (it is 0.01), or write warmup: true, or lower the weight of the distillation term',
        },
      ],
    });
  });

  it('moves the weights through the logits’ gradient, beside the labels’', async () => {
    const recipe = {
      epochs: 1,
      optimizer: 'sgd',
      momentum: 0,
      weight_decay: 0,
      schedule: 'constant',
      lr: 0.5,
    } as const;
    const bias = async (push: number) => {
      const kd = () => fakeTerms({ Pushing: fakeTerm({ weight: 2, loss: pushing(0, push) }) });
      const fitted = await train({ data, recipe, kd, change: { loader: loaderOf([all]) } });
      return fitted!.state.get('fc.bias')!;
    };
    const [without, pushed] = [await bias(0), await bias(0.25)];
    // lr · w · push, summed over seven images.
    pushed.forEach((value, i) => expect(without[i]! - value).toBeCloseTo(0.5 * 2 * 0.25 * 7, 5));
  });
});

describe('a moving average', () => {
  const recipe = { epochs: 3, batch_size: 4, ema: true } as const;

  it('is that of all weights and statistics behind every update, by the decay of the update’s number', async () => {
    const after: StateDict[] = [];
    const checkpoint = heldCheckpoint();
    // Each run is one update longer: what it ends with is what the average has seen.
    for (let updates = 1; updates <= 3; updates++) {
      const loader = loaderOf(Array.from({ length: updates }, () => all));
      const plain = await train({
        data,
        recipe: { epochs: 1, lr: 0.1, schedule: 'constant' },
        change: { loader },
      });
      after.push(plain!.state);
    }
    const loader = loaderOf([all, all, all]);
    const averaged = { epochs: 1, lr: 0.1, schedule: 'constant', ema: true } as const;
    const fitted = await train({ data, recipe: averaged, change: { loader, checkpoint } });
    for (const name of ['block1.conv.weight', 'block2.bn.running_var', 'fc.bias']) {
      let expected = initial.get(name)!;
      after.forEach((state, i) => {
        const decay = averageDecay(0.9999, i + 1);
        expected = expected.map((value, k) => decay * value + (1 - decay) * state.get(name)![k]!);
      });
      fitted!.state.get(name)!.forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 6));
    }
  });

  it('changes what is validated and kept, not what is trained', async () => {
    const [plain, averaged] = [heldCheckpoint(), heldCheckpoint()];
    const one = await train({ data, recipe: { ...recipe, ema: false }, change: { checkpoint: plain } });
    const other = await train({ data, recipe, change: { checkpoint: averaged } });
    const trained = ({ history }: NonNullable<typeof one>) => history.map(({ train_loss: loss }) => loss);
    expect(trained(other!)).toEqual(trained(one!));
    expect(other!.history.map((row) => row.val_loss)).not.toEqual(one!.history.map((row) => row.val_loss));
    expect(other!.state.get('fc.weight')).not.toEqual(one!.state.get('fc.weight'));
  });
});
