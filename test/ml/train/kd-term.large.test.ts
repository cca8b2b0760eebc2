import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { encodeModel, networkFor } from '../../../src/ml/inference/trained-model.ts';
import type { KdMethod } from '../../../src/ml/methods/kd-method.ts';
import { methods, requireMethod } from '../../../src/ml/methods/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { withLastMap } from '../../../src/ml/network/last-map.ts';
import type { Network, StateDict } from '../../../src/ml/network/network.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { CombinedKdTerm } from '../../../src/ml/train/combined-kd-term.ts';
import type { KdTermOptions } from '../../../src/ml/train/kd-term.ts';
import { Objective } from '../../../src/ml/train/objective.ts';
import { optionsOf } from '../../support/default-options.ts';
import { EQUAL_CHANNELS } from '../../support/equal-channels.ts';
import { nativeExecutor } from '../../support/native.ts';
import { crossEntropySupervision, firstBatch, passOver } from '../../support/one-batch.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { teacherPass } from '../../support/teacher-pass.ts';
import { heldCheckpoint, train } from '../../support/training-job.ts';

const data = paintedSet({ train: 24, val: 6 });
const BATCH = 12;
const batch = firstBatch(data, BATCH);
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
  ['ICKD', { method: 'ICKD', options: { ickd_form: 'cifar' }, weight: { ratio: 10 } }],
  ['CRD', { method: 'CRD', options: CONTRAST, weight: { ratio: 0.5 } }],
];

function frozenTeacher(engine: Engine, seed = 5) {
  const network = withLastMap(networkFor('convnet8', data.manifest));
  const teacher = engine.session(network, { optimizer: null, threads: 1 });
  teacher.write(initialState(network, seed));
  return teacher;
}

const reference = await createEngine('reference', { threads: 1 });
afterAll(() => reference.dispose());

/** Everything that decides the total loss of one batch of a student. */
function setting(options: KdTermOptions, { engine = reference, batchSize = BATCH, threads = 1 } = {}) {
  const { labels } = data.split('train');
  const model = networkFor(EQUAL_CHANNELS.has(options.method) ? 'convnet8' : 'convnet4', data.manifest);
  const teacher = frozenTeacher(engine);
  const { network: join } = requireMethod(options.method);
  const network = join?.(options.options, model, { network: teacher.network, state: teacher.read() }).network ?? model;
  engine.limitThreads(threads);
  const student = engine.session(network, { optimizer: SGD });
  const kd = new CombinedKdTerm(
    {
      ...{ teachers: [teacherPass(teacher, engine)], student: network, labels, batchSize },
      ...{ engine, optimizer: SGD, seed: 3 },
    },
    [options],
  );
  const supervision = crossEntropySupervision;
  const objective = new Objective({ session: student, kd, supervision, passes: 1, mixes: false }, BATCH);
  return { network, teacher, student, kd, objective };
}

/** The total loss of the batch at some weights; it leaves gradients behind. */
function totalOf({ student, kd, objective }: ReturnType<typeof setting>, state: StateDict): number {
  student.write(state);
  const losses = passOver(objective, { batch, kd });
  return losses.loss + losses.kd.weighted;
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
  it('has the gradient that finite differences of the total loss show, through a whole network', () => {
    const made = setting(options);
    const { network, student, objective, kd } = made;
    const total = (of: StateDict): number => totalOf(made, of);
    const state = initialState(network, 2);
    total(state);
    // What a term sets by its first batch stands from here on.
    objective.update();
    kd.update({ learningRate: 0, weightDecay: 0 });
    total(state);
    const gradients = student.readGradients();
    for (const seed of [1, 2, 3, 4]) {
      const direction = randomDirection(network, seed);
      // Larger steps cross kinks of ReLU. Float32 weights move by other numbers than these: by their differences.
      const step = 1e-6;
      const [up, down] = [moved(state, direction, step), moved(state, direction, -step)];
      let rise = 0;
      for (const [name, values] of gradients)
        values.forEach((value, i) => (rise += value * (up.get(name)![i]! - down.get(name)![i]!)));
      const error = (total(up) - total(down) - rise) / (2 * step);
      expect(Math.abs(error)).toBeLessThan(2e-6);
    }
  });

  it('leaves the teacher as it is, and takes no more memory with every step', async () => {
    const executor = new WasmExecutor({ threads: 1, memory: 2 ** 27 });
    const engine = new CompiledEngine(executor);
    const made = setting(options, { engine });
    const before = made.teacher.read();
    const weights = initialState(made.network, 2);
    totalOf(made, weights);
    const used = executor.used();
    for (let i = 0; i < 3; i++) {
      totalOf(made, weights);
      made.objective.update();
      made.kd.update({ learningRate: 0.01, weightDecay: 0 });
    }
    expect(executor.used()).toBe(used);
    expect(made.teacher.read()).toEqual(before);
    await engine.dispose();
  });

  it('pulls the student towards the teacher, gives the same bytes twice, and goes on after a stop', async () => {
    const kd = (engine: Engine, { network }: { network: Network }) =>
      new CombinedKdTerm(
        {
          teachers: [teacherPass(frozenTeacher(engine), engine)],
          student: network,
          labels: data.split('train').labels,
          batchSize: 8,
          engine,
          optimizer: ADAMW,
          seed: 7,
        },
        [{ ...options, weight: { weight: 300 } }],
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

/** A network's numbers that a step leaves behind, and what terms have learned and remember. */
function learned(options: KdTermOptions, engine: Engine, threads = 1) {
  const made = setting(options, { engine, threads });
  const { student, kd, objective } = made;
  student.write(initialState(made.network, 2));
  const update = { learningRate: 1e-3, weightDecay: 0 };
  let losses = passOver(objective, { batch, kd });
  objective.steps[0]!.update(update);
  objective.update();
  kd.update(update);
  // Once more: with adapters that have moved, and a memory.
  losses = passOver(objective, { batch, kd });
  objective.update();
  kd.update({ learningRate: 1, weightDecay: 0 });
  const result = { losses, gradients: student.readGradients(), terms: kd.state() };
  kd.dispose();
  student.dispose();
  made.teacher.dispose();
  return result;
}

const largest = (state: StateDict): number =>
  [...state.values()].flatMap((values) => [...values]).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const minus = (state: StateDict, other: StateDict): StateDict =>
  new Map([...state].map(([name, values]) => [name, values.map((value, i) => value - other.get(name)![i]!)]));

/** The largest difference of two states by the largest number of the expected one. */
const difference = (state: StateDict, expected: StateDict): number =>
  largest(minus(state, expected)) / (largest(expected) || 1);

/** A weight by which a term's gradients are as large as those of the supervised loss. */
function balancing(of: (weight: number) => KdTermOptions): number {
  const [without, together] = [0, 1].map((weight) => {
    const made = setting(of(weight));
    totalOf(made, initialState(made.network, 2));
    return made.student.readGradients();
  });
  return largest(without!) / largest(minus(together!, without!));
}

/** How far float32 takes a term (÷ 1 + L) and the gradients (÷ the largest), where it is more than elsewhere. */
const BOUNDS: Readonly<Record<string, { readonly value: number; readonly gradient: number }>> = {
  // exp(−c/η), η = 0.05, makes 20 times as much of the roundings of c, and the term is γ = 30 of what it moves.
  'WKD-L': { value: 1e-5, gradient: 2e-5 },
};

describe.each(Object.values<KdMethod>(methods))('in float32 a student’s gradients by $name', (method) => {
  const small = method.name === 'CRD' ? { crd_negatives: 6 } : {};
  const of = (weight: number): KdTermOptions => ({
    ...{ method: method.name, options: optionsOf(method, small), weight: { weight } },
  });
  let options = of(0);
  beforeAll(() => {
    options = of(balancing(of));
  });
  const bounds = BOUNDS[method.name] ?? { value: 1e-6, gradient: 5e-6 };

  it('are those in float64 but for rounding, and so is what it learns and remembers', async () => {
    const wasm = await createEngine('wasm', { threads: 1 });
    const [ours, expected] = [learned(options, wasm), learned(options, reference)];
    const [value, exact] = [ours, expected].map(({ losses }) => losses.kd.each[method.name]!);
    expect(Math.abs(value! - exact!)).toBeLessThan(bounds.value * (1 + exact!));
    expect(difference(ours.gradients, expected.gradients)).toBeLessThan(bounds.gradient);
    expect(difference(ours.terms, expected.terms)).toBeLessThan(5e-7);
    await wasm.dispose();
  });

  it('have the same bits on wasm and in native code, on one thread and on three', async () => {
    const wasm = await createEngine('wasm', { threads: 3 });
    const expected = learned(options, wasm);
    expect(learned(options, wasm, 3)).toEqual(expected);
    const executor = nativeExecutor({ threads: 3 });
    if (executor) {
      const native = new CompiledEngine(executor);
      for (const threads of [1, 3]) expect(learned(options, native, threads), `${threads} threads`).toEqual(expected);
      await native.dispose();
    }
    await wasm.dispose();
  });
});

describe('the weight of the term', () => {
  it.each<[KdTermOptions, number]>([
    [{ ...METHODS[0]![1], weight: { ratio: 0.8 } }, 4],
    [{ ...METHODS[0]![1], weight: { weight: 0.25 } }, 0.25],
    [{ ...METHODS[1]![1], weight: { ratio: 0.8 } }, 0.8],
  ])('is as the method’s rule makes it, or as given: %j', (options, weight) => {
    const [term] = setting(options).kd.terms.values();
    expect(term!.weight).toBeCloseTo(weight, 12);
  });
});

describe('an unknown method', () => {
  it('is refused with the names that there are', () => {
    expect(() => setting({ method: 'toString', options: {}, weight: { ratio: 1 } })).toThrow(
      'no distillation method is called toString',
    );
  });
});

describe('a method that compares images with each other', () => {
  it.each(Object.values<KdMethod>(methods).filter(({ relational }) => relational))(
    'refuses batches that leave one image over, before anything is trained: $name',
    ({ name, options }) => {
      const defaults = Object.entries(options).flatMap(([key, { default: value }]) =>
        value === undefined ? [] : [[key, value] as const],
      );
      const distilled = { method: name, weight: { weight: 1 }, options: Object.fromEntries<Json>(defaults) };
      for (const size of [1, 23])
        expect(() => setting(distilled, { batchSize: size })).toThrow(
          `${name} compares the images of a batch, and of 24 in batches of ${size} one is left alone`,
        );
      expect(setting(distilled, { batchSize: 22 })).toHaveProperty('kd');
    },
  );

  it('leaves other methods their batches of one', () => {
    expect(setting(METHODS[0]![1], { batchSize: 23 })).toHaveProperty('kd');
  });
});
