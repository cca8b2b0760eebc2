import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { trainBatches } from '../../../src/ml/data/batches.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import type { Json } from '../../../src/core/json.ts';
import type { KdMethod } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Network, StateDict } from '../../../src/ml/network/network.ts';
import { KdTerm, type KdTermOptions } from '../../../src/ml/train/kd-term.ts';
import { TeacherPass } from '../../../src/ml/train/teacher-pass.ts';
import { encodeModel, networkFor } from '../../../src/ml/inference/trained-model.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { heldCheckpoint, train } from '../../support/training-job.ts';

const data = paintedSet({ train: 24, val: 6 });
const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;
const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const CONTRAST = {
  ...{ crd_dimension: 8, crd_negatives: 2, crd_temperature: 0.2, crd_momentum: 0.1, crd_sample: 'exact' },
};
const METHODS: readonly (readonly [string, KdTermOptions])[] = [
  ['SoftTarget', { method: 'SoftTarget', options: { temperature: 4 }, weight: { ratio: 0.7 } }],
  ['AT', { method: 'AT', options: { at_form: 'code' }, weight: { ratio: 100 } }],
  ['MGD', { method: 'MGD', options: { mgd_alpha: 1e-3, mgd_mask: 0.15 }, weight: { ratio: 0.7 } }],
  ['FitNet', { method: 'FitNet', options: { fitnet_regressor: 'conv-bn-relu' }, weight: { ratio: 0.9 } }],
  ['VID', { method: 'VID', options: { vid_variance: 1 }, weight: { ratio: 0.5 } }],
  ['ReviewKD', { method: 'ReviewKD', options: { review_channels: 8 }, weight: { ratio: 0.5 } }],
  ['ICKD', { method: 'ICKD', options: {}, weight: { ratio: 10 } }],
  ['CRD', { method: 'CRD', options: CONTRAST, weight: { ratio: 0.5 } }],
];

function frozenTeacher(engine: Engine, seed = 5) {
  const network = networkFor('convnet8', data.manifest);
  const teacher = engine.session(network, { optimizer: null, threads: 1 });
  teacher.write(initialState(network, seed));
  return teacher;
}

/** Everything that decides the total loss of one batch of a student on the reference engine. */
async function setting(options: KdTermOptions, batchSize = 12) {
  const { labels } = data.split('train');
  const engine = await createEngine('reference', { threads: 1 });
  const network = networkFor('convnet4', data.manifest);
  const teacher = frozenTeacher(engine);
  const student = engine.session(network, { optimizer: SGD, threads: 1 });
  const pass = new TeacherPass(teacher);
  const kd = new KdTerm(
    { ...{ teacher: pass, student: network, labels, batchSize }, engine, optimizer: SGD, threads: 1, seed: 3 },
    options,
  );
  const batches = trainBatches(data.split('train'), data.manifest, {
    ...{ batchSize: 12, epoch: 0, seed: 1, crop: 'random', flip: false, augment: 'none', mixup: 'none' },
  });
  const images = new Float32Array(12 * 8 * 8 * 3);
  const own = new Int32Array(12);
  const indices = batches.fill(0, images, own);
  /** Total loss of the batch at these weights; leaves gradients behind. */
  const total = (state: StateDict): number => {
    student.write(state);
    kd.observe({ images, labels: own, indices, mixed: null }, 0);
    const step = student.trainStep({ batch: 12, taps: kd.taps });
    step.input.set(images);
    step.forward(0, 0);
    const shape = { labelSmoothing: 0.1, classWeights: null };
    const loss = crossEntropy({ logits: step.logits, labels: own, classes: 3 }, shape, step.logitsGradient);
    const value = loss + kd.addGradients(step, own).weighted;
    step.backward();
    return value;
  };
  return { engine, network, teacher, student, kd, total };
}

/** θ + t·d for a direction d over the trained parameters. */
function moved(state: StateDict, direction: StateDict, by: number): StateDict {
  return new Map(
    [...state].map(([name, values]) => [name, values.map((value, i) => value + by * (direction.get(name)?.[i] ?? 0))]),
  );
}

function randomDirection(network: Network, seed: number): StateDict {
  return new Map(
    network.parameters
      .filter(({ trained }) => trained)
      .map(({ name, shape }, index) => {
        const uniform = uniforms(seed, 'mask', 0, index);
        return [name, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => uniform() - 0.5)];
      }),
  );
}

describe.each(METHODS)('distillation by %s', (_, options) => {
  it('has the gradient that finite differences of the total loss show, through a whole network', async () => {
    const { engine, network, student, kd, total } = await setting(options);
    const state = initialState(network, 2);
    total(state);
    // What a term sets by its first batch stands from here on.
    kd.update({ learningRate: 0, weightDecay: 0 });
    total(state);
    const gradients = student.readGradients();
    for (const seed of [1, 2, 3, 4]) {
      const direction = randomDirection(network, seed);
      let slope = 0;
      for (const [name, values] of direction)
        values.forEach((value, i) => (slope += value * (gradients.get(name)?.[i] ?? 0)));
      // Larger steps cross kinks of ReLU, smaller ones drown in float32 logits: the error is least here.
      const step = 1e-4;
      const measured = (total(moved(state, direction, step)) - total(moved(state, direction, -step))) / (2 * step);
      expect(Math.abs(measured - slope)).toBeLessThan(2e-3 + 1e-3 * Math.abs(slope));
    }
    await engine.dispose();
  });

  it('leaves the teacher as it is, and no tensor behind', async () => {
    const { engine, network, teacher, total } = await setting(options);
    const before = [...teacher.read()].map(([name, values]) => [name, [...values]]);
    total(initialState(network, 2));
    const tensors = memory().numTensors;
    for (let i = 0; i < 3; i++) total(initialState(network, 2));
    expect(memory().numTensors).toBe(tensors);
    expect([...teacher.read()].map(([name, values]) => [name, [...values]])).toEqual(before);
    await engine.dispose();
  });

  it('pulls the student towards the teacher, gives the same bytes twice, and goes on after a stop', async () => {
    const kd = (engine: Engine, { network }: { network: Network }) =>
      new KdTerm(
        {
          teacher: new TeacherPass(frozenTeacher(engine)),
          student: network,
          labels: data.split('train').labels,
          batchSize: 8,
          engine,
          optimizer: ADAMW,
          threads: 1,
          seed: 7,
        },
        { ...options, weight: { weight: 300 } },
      );
    const recipe = { epochs: 6 };
    const [first, second] = [await train({ data, recipe, kd }), await train({ data, recipe, kd })];
    const losses = first!.history.map(({ kd_loss: loss }) => loss!);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.9);
    const network = networkFor('convnet4', data.manifest);
    const bytes = ({ state, batches }: NonNullable<typeof first>) =>
      encodeModel({ network, state, classes: data.manifest.classes, input: {}, batches });
    expect(bytes(second!)).toEqual(bytes(first!));

    const checkpoint = heldCheckpoint();
    let looks = 6;
    const signal = {
      get aborted() {
        return looks-- <= 0;
      },
    } as AbortSignal;
    expect(await train({ data, recipe, kd, change: { checkpoint, signal } })).toBeUndefined();
    const continued = (await train({ data, recipe, kd, change: { checkpoint } }))!;
    expect(bytes(continued)).toEqual(bytes(first!));
    expect(continued.history).toEqual(first!.history);
  });
});

describe('the weight of the term', () => {
  it.each<[KdTermOptions, number]>([
    [{ ...METHODS[0]![1], weight: { ratio: 0.8 } }, 4],
    [{ ...METHODS[0]![1], weight: { weight: 0.25 } }, 0.25],
    [{ ...METHODS[1]![1], weight: { ratio: 0.8 } }, 0.8],
  ])('is as the method’s rule makes it, or as given: %j', async (options, weight) => {
    const { engine, kd } = await setting(options);
    expect(kd.weight).toBeCloseTo(weight, 12);
    await engine.dispose();
  });
});

describe('an unknown method', () => {
  it('is refused with the names that there are', async () => {
    await expect(setting({ method: 'toString', options: {}, weight: { ratio: 1 } })).rejects.toThrow(
      'no distillation method is called toString',
    );
  });
});

describe('a method that compares images with each other', () => {
  it.each(Object.values<KdMethod>(methods).filter(({ relational }) => relational))(
    'refuses batches that leave one image over, before anything is trained: $name',
    async ({ name, options }) => {
      const defaults = Object.entries(options).flatMap(([key, { default: value }]) =>
        value === undefined ? [] : [[key, value] as const],
      );
      const distilled = { method: name, weight: { weight: 1 }, options: Object.fromEntries<Json>(defaults) };
      for (const size of [1, 23])
        await expect(setting(distilled, size)).rejects.toThrow(
          `${name} compares the images of a batch, and of 24 in batches of ${size} one is left alone`,
        );
      await expect(setting(distilled, 22)).resolves.toHaveProperty('kd');
    },
  );

  it('leaves other methods their batches of one', async () => {
    await expect(setting(METHODS[0]![1], 23)).resolves.toHaveProperty('kd');
  });
});
