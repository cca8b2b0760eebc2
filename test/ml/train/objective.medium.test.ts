import { afterAll, describe, expect, it } from 'vitest';
import { add, mul } from '../../../src/ml/algebra/arithmetic.ts';
import { array, input } from '../../../src/ml/algebra/inputs.ts';
import { sum } from '../../../src/ml/algebra/reductions.ts';
import type { TrainBatch } from '../../../src/ml/data/batch-loader.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { CombinedKdTerm } from '../../../src/ml/train/combined-kd-term.ts';
import type { LossTerm, LossTerms } from '../../../src/ml/train/loss-terms.ts';
import type { KdTermOptions } from '../../../src/ml/train/kd-term.ts';
import { Objective } from '../../../src/ml/train/objective.ts';
import { fakeTerm, fakeTerms, pushing } from '../../support/fake-terms.ts';
import { signed } from '../../support/hashed.ts';
import { crossEntropySupervision as supervision, passOver } from '../../support/one-batch.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { readArrays } from '../../support/read-arrays.ts';
import { crossEntropy } from '../../support/softmax.ts';
import { teacherPass } from '../../support/teacher-pass.ts';

/** In float64. */
const engine = await createEngine('reference', { threads: 1 });
afterAll(() => engine.dispose());

const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;
const data = paintedSet({ train: 7 });
const network = networkFor('convnet4', data.manifest);
const split = data.split('train').labels;

function openStudent() {
  const session = engine.session(network, { optimizer: SGD, threads: 1 });
  session.write(initialState(network, 2));
  return session;
}

function openTeacher() {
  const own = networkFor('convnet8', data.manifest);
  const session = engine.session(own, { optimizer: null, threads: 1 });
  session.write(initialState(own, 5));
  return teacherPass(session, engine);
}

const kdOf = (options: readonly KdTermOptions[], teacher = openTeacher()): CombinedKdTerm =>
  new CombinedKdTerm(
    {
      ...{ teachers: [teacher], student: network, labels: split, batchSize: 5 },
      ...{ engine, optimizer: SGD, threads: 1, seed: 3 },
    },
    options,
  );
const SOFT: KdTermOptions = { method: 'SoftTarget', options: { temperature: 4 }, weight: { weight: 2 } };
const FITNET: KdTermOptions = {
  ...{ method: 'FitNet', weight: { weight: 3 } },
  options: { fitnet_regressor: 'conv-bn-relu', blocks: [2] },
};
const AT: KdTermOptions = { method: 'AT', options: { at_form: 'code', blocks: [1, 2] }, weight: { weight: 100 } };

/** Images from `first` on, as the split has them. */
const batchOf = (first: number, size: number, mixed: TrainBatch['mixed'] = null): TrainBatch => ({
  images: signed(`images ${first}`, size * 8 * 8 * 3),
  labels: split.slice(first, first + size),
  indices: Uint32Array.from({ length: size }, (_, image) => first + image),
  mixed,
});

/** What is minimised over a student of its own. */
function made(size: number, kd: LossTerms | null, { passes = 1, mixes = false, session = openStudent() } = {}) {
  const objective = new Objective({ session, kd, supervision, passes, mixes }, size);
  const logits = (pass: 0 | 1) => readArrays(session, { z: objective.steps[pass]!.array('logits') }).z;
  return { session, objective, logits };
}

describe('what is minimised on mixed images', () => {
  const partners = Int32Array.of(2, 2, 1, 0, 0);

  it.each([0.25, 0.75])('has the labels of both by their shares, its gradient too: %d', (share) => {
    const { session, objective, logits } = made(5, null, { mixes: true });
    const batch = batchOf(0, 5, { share, partners });
    const { loss } = passOver(objective, { batch, kd: null });
    const [own, other] = [batch.labels, partners].map((labels) => crossEntropy(logits(0), [...labels]));
    expect(loss).toBeCloseTo(share * own!.loss + (1 - share) * other!.loss, 12);
    const { slope } = readArrays(session, { slope: objective.steps[0]!.array('logits-gradient') });
    slope.forEach((value, i) =>
      expect(value).toBeCloseTo(share * own!.gradient[i]! + (1 - share) * other!.gradient[i]!, 7),
    );
  });

  it('has the labels themselves where a batch is not mixed', () => {
    const { objective, logits } = made(5, null, { mixes: true });
    const batch = batchOf(0, 5);
    const { loss } = passOver(objective, { batch, kd: null });
    expect(loss).toBeCloseTo(crossEntropy(logits(0), [...batch.labels]).loss, 12);
  });

  it.each([
    [0.25, [...partners], [4, 0, 1, 2, 3]],
    [0.75, [...split.slice(0, 5)], [0, 1, 2, 3, 4]],
  ])('shows terms the image of the greater share, its label and its place: %d', (share, labels, places) => {
    const digits = array([1, 10, 100, 1000, 10_000]);
    const kd = fakeTerms({
      Labels: fakeTerm({ loss: (place) => sum(mul(place.labels, digits)) }),
      Places: fakeTerm({ loss: (place) => sum(mul(place.indices, digits)) }),
    });
    const { objective } = made(5, kd, { mixes: true });
    const { each } = passOver(objective, { batch: batchOf(0, 5, { share, partners }), kd }).kd;
    const number = (of: readonly number[]): number => of.reduce((total, digit, k) => total + digit * 10 ** k, 0);
    expect(each).toEqual({ Labels: number(labels), Places: number(places) });
  });

  it('is not compiled for them unless it is told', () => {
    const { objective } = made(5, null);
    const batch = batchOf(0, 5, { share: 0.5, partners });
    expect(() => passOver(objective, { batch, kd: null })).toThrow('not made for mixed images');
  });
});

describe('the last, smaller batch of an epoch', () => {
  it('has losses and gradients of its own, and leaves those of whole batches alone', () => {
    const kd = kdOf([SOFT, FITNET]);
    const { session, objective: whole } = made(5, kd);
    const small = new Objective({ session, kd, supervision, passes: 1, mixes: false }, 2);
    const measured = (objective: Objective, batch: TrainBatch) => {
      session.write(initialState(network, 2));
      return { losses: passOver(objective, { batch, kd }), gradients: session.readGradients() };
    };
    const [first, last, again] = [
      measured(whole, batchOf(0, 5)),
      measured(small, batchOf(5, 2)),
      measured(whole, batchOf(0, 5)),
    ];
    expect(again).toEqual(first);
    const alone = kdOf([SOFT, FITNET]);
    const { session: other, objective } = made(2, alone);
    expect(last.losses).toEqual(passOver(objective, { batch: batchOf(5, 2), kd: alone }));
    expect(last.gradients).toEqual(other.readGradients());
  });
});

describe('what is minimised over two passes', () => {
  const seen = [batchOf(0, 5), { ...batchOf(0, 5), images: batchOf(5, 5).images }] as const;

  /** Losses, gradients in the student's block and what the adapters' gradients are, of passes over these images. */
  function passed(images: readonly TrainBatch['images'][]) {
    const kd = kdOf([FITNET]);
    const { session, objective } = made(5, kd, { passes: images.length });
    const before = kd.state();
    kd.observe(seen[0], 0);
    objective.steps.forEach((step, pass) => {
      step.input.set(images[pass]!);
      step.forward(pass, 0);
    });
    objective.run(seen[0]);
    const losses = objective.losses();
    const taps = objective.steps.map(
      (step) => readArrays(session, { block2: step.array('tap-gradient:block2') }).block2,
    );
    objective.update();
    kd.update({ learningRate: 1, weightDecay: 0 });
    const trained = [...before].filter(([name]) => !/running|momentum/.test(name));
    const slopes = trained.flatMap(([name, values]) => [
      ...values.map((value, i) => value - kd.state().get(name)![i]!),
    ]);
    return { value: losses.kd.each['FitNet']!, weighted: losses.kd.weighted, taps, slopes };
  }

  it('takes each term by half in either pass, and adds up the adapters’ gradients of both', () => {
    const [first, second, both] = [
      passed([seen[0].images]),
      passed([seen[1].images]),
      passed([seen[0].images, seen[1].images]),
    ];
    expect(both.value).toBeCloseTo((first.value + second.value) / 2, 12);
    expect(both.weighted).toBeCloseTo(3 * both.value, 12);
    [first, second].forEach(({ taps }, pass) =>
      taps[0]!.forEach((value, i) => expect(both.taps[pass]![i]).toBeCloseTo(value / 2, 12)),
    );
    expect(Math.max(...both.slopes.map(Math.abs))).toBeGreaterThan(1e-2);
    // A state is handed out in float32.
    both.slopes.forEach((slope, i) => expect(slope).toBeCloseTo((first.slopes[i]! + second.slopes[i]!) / 2, 6));
  });

  it('is R-Drop’s loss beside the terms of both', () => {
    const kd = fakeTerms({ Pushing: fakeTerm({ weight: 2, loss: pushing(3, 0.25) }) });
    const [without, together] = [null, kd].map((terms) => {
      const { session, objective } = made(5, terms, { passes: 2 });
      const losses = passOver(objective, { batch: seen[0], kd: terms });
      const of = ([0, 1] as const).map(
        (pass) => readArrays(session, { slope: objective.steps[pass]!.array('logits-gradient') }).slope,
      );
      return { losses, of };
    });
    expect(together!.losses).toEqual({ loss: without!.losses.loss, kd: { weighted: 6, each: { Pushing: 3 } } });
    together!.of.forEach((slope, pass) =>
      slope.forEach((value, i) => expect(value - without!.of[pass]![i]!).toBeCloseTo((2 * 0.25) / 2, 12)),
    );
  });
});

describe('a term’s memory', () => {
  /** Remembers the logits of each image at its place; its value is the sum of what it remembers of the batch's first one. */
  function remembering() {
    const bank = engine.array(7 * 3);
    const term: LossTerm = {
      ...fakeTerm({ loss: pushing(0) }),
      memory: () => bank,
      record: (place) => {
        const table = input(`bank ${place.pass}`, [7, 3]);
        const loss = add(pushing(0)(place), sum(table));
        const remember = [{ name: 'bank', places: place.indices, value: place.student('logits') }];
        return { loss, step: {}, memory: { bank: table }, adapters: [], remember };
      },
    };
    return { bank, kd: fakeTerms({ Remembering: term }) };
  }

  it.each([1, 2])('takes in the last of %i passes, after the update, at the images’ places alone', (passes) => {
    const { bank, kd } = remembering();
    const { objective, logits } = made(3, kd, { passes });
    const batch = batchOf(2, 3);
    const value = (): number => passOver(objective, { batch, kd }).kd.each['Remembering']!;
    expect(value()).toBe(0);
    expect(bank.read()).toEqual(new Float32Array(21));
    const last = Float64Array.from(passes === 1 ? logits(0) : logits(1));
    objective.update();
    const expected = new Float32Array(21);
    expected.set(last, 6);
    expect(bank.read()).toEqual(expected);
    expect(value()).toBeCloseTo(
      last.reduce((total, z) => total + z, 0),
      12,
    );
  });
});

describe('a teacher that students of a cohort share', () => {
  it('keeps places and values when a later student asks for more of it', () => {
    const teacher = openTeacher();
    const [batch, next] = [batchOf(0, 5), batchOf(1, 5)];
    const measure = (kd: LossTerms, objective: Objective, of: TrainBatch) => passOver(objective, { batch: of, kd });
    const first = kdOf([SOFT], teacher);
    const early = made(5, first);
    const before = measure(first, early.objective, batch);
    const second = kdOf([AT, SOFT], teacher);
    const late = made(5, second);
    // The batch that the teacher has seen already, and another one.
    const later = [batch, next].map((of) => {
      const losses = measure(second, late.objective, of);
      return { losses, first: measure(first, early.objective, of) };
    });
    expect(later[0]!.first).toEqual(before);
    const alone = kdOf([AT, SOFT]);
    const own = made(5, alone);
    for (const [k, of] of [batch, next].entries()) {
      const expected = measure(alone, own.objective, of);
      expect(later[k]!.losses).toEqual(expected);
      expect(later[k]!.first.kd.each['SoftTarget']).toBe(expected.kd.each['SoftTarget']);
    }
    expect(later[1]!.losses).not.toEqual(later[0]!.losses);
  });
});
