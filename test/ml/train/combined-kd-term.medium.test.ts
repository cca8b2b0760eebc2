import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Network, StateDict } from '../../../src/ml/network/network.ts';
import { CombinedKdTerm } from '../../../src/ml/train/combined-kd-term.ts';
import type { KdTermOptions } from '../../../src/ml/train/kd-term.ts';
import type { TrainingResult } from '../../../src/ml/train/job.ts';
import type { LossTerms } from '../../../src/ml/train/loss-terms.ts';
import { MeanTeacher } from '../../../src/ml/train/mean-teacher.ts';
import { Objective } from '../../../src/ml/train/objective.ts';
import type { Teacher, TeacherPass } from '../../../src/ml/train/teacher-pass.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { crossEntropySupervision, firstBatch, passOver } from '../../support/one-batch.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { readArrays } from '../../support/read-arrays.ts';
import { teacherPass } from '../../support/teacher-pass.ts';
import { heldCheckpoint, train } from '../../support/training-job.ts';

const data = paintedSet({ train: 24, val: 6 });
const split = data.split('train');
const BATCH = 8;
const CLASSES = 3;
const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

const SOFT: KdTermOptions = { method: 'SoftTarget', options: { temperature: 4 }, weight: { weight: 2 } };
const AT: KdTermOptions = { method: 'AT', options: { at_form: 'code', blocks: [1, 2] }, weight: { ratio: 100 } };
const masked = (block: number): KdTermOptions => ({
  ...{ method: 'MGD', weight: { weight: 1 } },
  options: { mgd_alpha: 1e-2, mgd_mask: 0.15, blocks: [block] },
});
const CRD: KdTermOptions = {
  ...{ method: 'CRD', weight: { weight: 0.5 } },
  options: { crd_dimension: 6, crd_negatives: 9, crd_temperature: 0.2, crd_momentum: 0.5, crd_sample: 'relax' },
};

const scaled = (a: StateDict, by: number): StateDict =>
  new Map([...a].map(([name, values]) => [name, values.map((value) => by * value)]));
const added = (a: StateDict, b: StateDict): StateDict =>
  new Map([...a].map(([name, values]) => [name, values.map((value, i) => value + b.get(name)![i]!)]));

/** In float64: what terms add to a gradient is what is left of it without the supervised part. */
const engine = await createEngine('reference', { threads: 1 });
afterAll(() => engine.dispose());

function frozen(seed: number, on: Engine) {
  const network = networkFor('convnet8', data.manifest);
  const session = on.session(network, { optimizer: null, threads: 1 });
  session.write(initialState(network, seed));
  return session;
}
const teacherOf = (seed: number, on: Engine = engine): TeacherPass => teacherPass(frozen(seed, on), on);

const setting = (on: Engine = engine, student: Network = networkFor('convnet4', data.manifest)) => ({
  ...{ student, labels: split.labels, batchSize: BATCH },
  ...{ engine: on, optimizer: ADAMW, threads: 1, seed: 7 },
});

const batch = firstBatch(data, BATCH);

/** One batch through a student at its initial weights: losses, gradients of all parameters in them, and the logits. */
function passed(kd: LossTerms | null, epoch: number) {
  const { student } = setting();
  const session = engine.session(student, { optimizer: ADAMW, threads: 1 });
  session.write(initialState(student, 2));
  const made = new Objective({ session, kd, supervision: crossEntropySupervision, passes: 1, mixes: false }, BATCH);
  const losses = passOver(made, { batch, kd, epoch });
  const gradients = session.readGradients();
  const logits = made.steps[0]!.logits.slice();
  session.dispose();
  return { ...losses.kd, gradients, logits };
}
const supervised = passed(null, 0).gradients;

/** Values of terms, what they add to the gradients of all parameters, and the student's logits. */
function measured(kd: LossTerms, epoch = 0) {
  const { gradients, ...rest } = passed(kd, epoch);
  return { ...rest, gradients: added(gradients, scaled(supervised, -1)) };
}

function expectAlike(ours: StateDict, expected: StateDict): void {
  const largest = Math.max(...[...expected.values()].map((values) => Math.max(...values.map(Math.abs))));
  expect(largest).toBeGreaterThan(1e-6);
  for (const [name, values] of expected)
    values.forEach((value, i) => expect(Math.abs(ours.get(name)![i]! - value)).toBeLessThan(2e-6 * largest));
}

const facts = (fitted: TrainingResult | undefined) => fitted && { state: fitted.state, history: fitted.history };
const combined = (options: readonly KdTermOptions[], teachers: readonly Teacher[]) =>
  new CombinedKdTerm({ ...setting(), teachers }, options);
const alone = (options: KdTermOptions, teacher: Teacher) => combined([options], [teacher]);

describe('several terms', () => {
  it('add their weighted values and gradients', () => {
    const teacher = teacherOf(5);
    const [soft, at] = [measured(alone(SOFT, teacher)), measured(alone(AT, teacher))];
    const both = combined([SOFT, AT], [teacher]);
    const { weighted, each, gradients } = measured(both);
    expect(each).toEqual({ ...soft.each, ...at.each });
    expect(weighted).toBeCloseTo(2 * soft.each['SoftTarget']! + 100 * at.each['AT']!, 6);
    expect(weighted).toBe(soft.weighted + at.weighted);
    expectAlike(gradients, added(soft.gradients, at.gradients));
    expect([...both.taps].sort()).toEqual(['block1', 'block2']);
    expect(both.formula()).toBe('loss + 2 SoftTarget + 100 AT');
    expect(both.formula(0.1)).toBe('0.1 loss + 2 SoftTarget + 100 AT');
  });

  it('of one method draw apart, and train adapters of their own', () => {
    const twice = combined([masked(2), masked(2)], [teacherOf(5)]);
    const names = [...twice.state().keys()];
    const own = names.filter((name) => name.startsWith('0/'));
    expect(own.length).toBeGreaterThan(0);
    expect(names.filter((name) => name.startsWith('1/'))).toEqual(own.map((name) => name.replace('0/', '1/')));
    const weight = own.find((name) => name.endsWith('.weight'))!;
    expect(Object.keys(measured(twice).each)).toEqual(['MGD_1', 'MGD_2']);
    expect(twice.state().get(weight)).not.toEqual(twice.state().get(weight.replace('0/', '1/')));
  });

  it('of which one does not fit are all refused', () => {
    const bad = { ...AT, options: { ...AT.options, blocks: [4] } };
    expect(() => combined([SOFT, bad], [teacherOf(5)])).toThrow('AT asks for block 4');
  });
});

describe('several teachers', () => {
  const teachers = [teacherOf(5), teacherOf(6), teacherOf(9)];
  const reader = frozen(5, engine);

  it('give the mean of the losses to each', () => {
    const each = teachers.map((teacher) => measured(alone(SOFT, teacher)));
    const mean = combined([SOFT], teachers);
    const { weighted, gradients, ...losses } = measured(mean);
    expect(weighted).toBeCloseTo(each.reduce((sum, one) => sum + one.weighted, 0) / 3, 6);
    const numbered = each.map((one, at) => [`SoftTarget_${at + 1}`, one.each['SoftTarget']!]);
    expect(losses.each).toEqual(Object.fromEntries(numbered));
    expectAlike(
      gradients,
      scaled(
        each.map((one) => one.gradients).reduce((sum, one) => added(sum, one)),
        1 / 3,
      ),
    );
  });

  it('give the loss to the mean of their logits', () => {
    const mean = new MeanTeacher(teachers);
    const { each, logits } = measured(alone(SOFT, mean));
    const read = teachers.map((teacher) => readArrays(reader, teacher.arrays(BATCH, 0))['logits']!);
    const softmax = (row: number[]) => {
      const exponentials = row.map((z) => Math.exp(z / 4));
      const sum = exponentials.reduce((total, e) => total + e, 0);
      return exponentials.map((e) => e / sum);
    };
    let expected = 0;
    for (let image = 0; image < BATCH; image++) {
      const at = (values: Float32Array | Float64Array) => [...values.subarray(image * CLASSES, (image + 1) * CLASSES)];
      const rows = read.map(at);
      const p = softmax(rows[0]!.map((_, c) => (rows[0]![c]! + rows[1]![c]! + rows[2]![c]!) / 3));
      const q = softmax(at(logits));
      expected += p.reduce((sum, own, c) => sum + own * Math.log(own / q[c]!), 0);
    }
    expect(each['SoftTarget']! / ((16 * expected) / BATCH)).toBeCloseTo(1, 6);
  });

  it('whose logits are averaged have nothing else to read', () => {
    expect(() => alone(AT, new MeanTeacher(teachers))).toThrow('AT asks for block 1, 2');
  });
});

describe('a ramp', () => {
  it.each([
    [0, 0],
    [1, 0.25],
    [3, 0.75],
    [4, 1],
    [9, 1],
  ])('of 4 epochs leaves in epoch %d of the weights %d', (epoch, share) => {
    const ramped = [SOFT, AT].map((options) => ({ ...options, ramp: 4 }));
    const term = combined(ramped, [teacherOf(5)]);
    const { weighted, each, gradients } = measured(term, epoch);
    const whole = measured(combined([SOFT, AT], [teacherOf(5)]));
    expect(each).toEqual(whole.each);
    expect(weighted).toBeCloseTo(share * whole.weighted, 9);
    if (share > 0) expectAlike(gradients, scaled(whole.gradients, share));
    else for (const values of gradients.values()) expect(Math.max(...values.map(Math.abs))).toBe(0);
  });

  it('begins without distillation: the first epoch’s weights are those without a teacher', async () => {
    const recipe = { epochs: 1 };
    const kd = (on: Engine, { network }: { readonly network: Network }) =>
      new CombinedKdTerm({ ...setting(on, network), teachers: [teacherOf(5, on)] }, [{ ...SOFT, ramp: 2 }]);
    const [ramped, plain] = [await train({ data, recipe, kd }), await train({ data, recipe })];
    expect(ramped!.state).toEqual(plain!.state);
  });
});

describe('a combination that is stopped', () => {
  it('goes on to the same bits: adapters, banks, random numbers and ramp', async () => {
    const options = [masked(2), masked(1), CRD, SOFT].map((one) => ({ ...one, ramp: 3 }));
    const kd = (on: Engine, { network }: { readonly network: Network }) =>
      new CombinedKdTerm({ ...setting(on, network), teachers: [teacherOf(5, on), teacherOf(6, on)] }, options);
    const recipe = { epochs: 4 };
    const whole = await train({ data, recipe, kd });
    for (const stop of [2, 7]) {
      const checkpoint = heldCheckpoint();
      let looks = stop;
      const signal = {
        get aborted() {
          return looks-- <= 0;
        },
      } as AbortSignal;
      expect(await train({ data, recipe, kd, change: { checkpoint, signal } })).toBeUndefined();
      const continued = await train({ data, recipe, kd, change: { checkpoint } });
      expect(facts(continued)).toEqual(facts(whole));
    }
  });
});
