import { describe, expect, it } from 'vitest';
import type { BatchLoader } from '../../../src/ml/data/batch-loader.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import type { EngineName } from '../../../src/ml/engines/registry.ts';
import type { BatchImages } from '../../../src/ml/inference/batch-images.ts';
import { encodeModel, networkFor } from '../../../src/ml/inference/trained-model.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/ml/train/checkpoint.ts';
import { CombinedKdTerm } from '../../../src/ml/train/combined-kd-term.ts';
import type { TrainingJob, TrainingResult } from '../../../src/ml/train/job.ts';
import { TeacherPass } from '../../../src/ml/train/teacher-pass.ts';
import { signed } from '../../support/hashed.ts';
import { nativeKernels } from '../../support/native.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { heldCheckpoint, train } from '../../support/training-job.ts';

const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;
const IMAGES = 6;
const data = paintedSet({ train: IMAGES, val: 3 });
const SIZE = IMAGES * data.manifest.imageSize ** 2 * 3;
const network = networkFor('convnet4', data.manifest);
const initial = initialState(network, 7);
const views = [signed('first view', SIZE), signed('second view', SIZE)];

/** One batch of these images. */
const loaderOf = (images: Float32Array): BatchLoader => ({
  count: 1,
  take: () => ({
    ...{ images, labels: data.split('train').labels, mixed: null },
    indices: Uint32Array.from({ length: IMAGES }, (_, index) => index),
  }),
  close: () => Promise.resolve(),
});

/** Trains one step with a term of logits and one of maps that has an adapter. */
function step(engine: EngineName, images: Float32Array, secondView: 'none' | 'fixmatch'): Promise<TrainingResult> {
  const count = secondView === 'none' ? 1 : 2;
  const kd = (on: Engine, { network: student }: Pick<TrainingJob, 'network'>, place: BatchImages) => {
    const other = networkFor('convnet8', data.manifest);
    const frozen = on.session(other, { optimizer: null, threads: 1 });
    frozen.write(initialState(other, 5));
    const deps = {
      student,
      labels: data.split('train').labels,
      batchSize: IMAGES,
      engine: on,
      optimizer: SGD,
      seed: 3,
    };
    return new CombinedKdTerm({ ...deps, teachers: [new TeacherPass(frozen, on, place, count)], views: count }, [
      { method: 'MLKD', options: { mlkd_temperatures: [2] }, weight: { weight: 3 } },
      { method: 'ICKD', options: { ickd_form: 'cifar' }, weight: { weight: 2 } },
    ]);
  };
  const plain = { epochs: 1, batch_size: IMAGES, optimizer: 'sgd', momentum: 0, weight_decay: 0 } as const;
  const recipe = { ...plain, schedule: 'constant', lr: 0.25, ce_weight: 0.5, second_view: secondView } as const;
  return train({ data, engine, recipe, kd, change: { loader: loaderOf(images) } }) as Promise<TrainingResult>;
}

const largest = (values: Iterable<number>): number => Math.max(...Array.from(values, Math.abs));

describe('two views of a batch', () => {
  it.each(['reference', 'wasm', 'native'] as const)(
    'move weights by the mean of what each view alone does, and running statistics by one after the other: %s',
    async (engine) => {
      if (engine === 'native' && !nativeKernels().length) return;
      const [first, second] = [await step(engine, views[0]!, 'none'), await step(engine, views[1]!, 'none')];
      const both = await step(engine, Float32Array.from(views.flatMap((view) => [...view])), 'fixmatch');
      for (const key of ['train_loss', 'kd_loss'] as const)
        expect(both.best[key]! / ((first.best[key]! + second.best[key]!) / 2)).toBeCloseTo(1, 5);
      for (const { name, trained } of network.parameters) {
        const [start, a, b, found] = [initial, first.state, second.state, both.state].map((of) => of.get(name)!);
        // PyTorch's momentum of 0.1: s ← 0.9 s + 0.1 x.
        const expected = start!.map((s, i) => (trained ? (a![i]! + b![i]!) / 2 : 0.9 * a![i]! + b![i]! - 0.9 * s));
        const off = largest(found!.map((value, i) => value - expected[i]!));
        expect(off, name).toBeLessThan(3e-6 * Math.max(1, largest(expected)));
        expect(largest(found!.map((value, i) => value - start![i]!)), name).toBeGreaterThan(1e-5);
      }
    },
  );

  it('go on to the same bits from a checkpoint', async () => {
    const set = paintedSet({ train: 14, val: 9 });
    const run = { data: set, recipe: { epochs: 3, batch_size: 6, second_view: 'fixmatch', flip: true } } as const;
    const whole = (await train(run))!;
    const checkpoint = heldCheckpoint();
    const leave = new AbortController();
    const change = { checkpoint, epoch: () => leave.abort(), signal: leave.signal };
    expect(await train({ ...run, change })).toBeUndefined();
    checkpoint.saved = decodeCheckpoint(encodeCheckpoint(checkpoint.saved!), 'held');
    const continued = (await train({ ...run, change: { checkpoint } }))!;
    const bytes = ({ state, batches }: TrainingResult) =>
      Buffer.from(encodeModel({ network, state, classes: set.manifest.classes, input: {}, batches }));
    expect(bytes(continued).equals(bytes(whole))).toBe(true);
    const once = (await train({ ...run, recipe: { ...run.recipe, second_view: 'none' } }))!;
    expect(bytes(once).equals(bytes(whole))).toBe(false);
  });
});
