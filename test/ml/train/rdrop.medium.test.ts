import { describe, expect, it } from 'vitest';
import { add } from '../../../src/ml/algebra/arithmetic.ts';
import { input } from '../../../src/ml/algebra/inputs.ts';
import type { BatchLoader } from '../../../src/ml/data/batch-loader.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { bits } from '../../../src/ml/random/random.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/ml/train/checkpoint.ts';
import { CombinedKdTerm } from '../../../src/ml/train/combined-kd-term.ts';
import { Objective } from '../../../src/ml/train/objective.ts';
import type { TrainingResult } from '../../../src/ml/train/job.ts';
import type { Pass, TermPlace } from '../../../src/ml/train/loss-terms.ts';
import { encodeModel, networkFor } from '../../../src/ml/inference/trained-model.ts';
import { fakeTerm, fakeTerms } from '../../support/fake-terms.ts';
import { signed } from '../../support/hashed.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { readArrays } from '../../support/read-arrays.ts';
import { crossEntropy } from '../../support/softmax.ts';
import { teacherPass } from '../../support/teacher-pass.ts';
import { heldCheckpoint, train } from '../../support/training-job.ts';

const MODEL = 'mobilenetv2';
const SIDE = 32;
const data = paintedSet({ train: 6, val: 3, side: SIDE });
const { labels } = data.split('train');
const network = networkFor(MODEL, data.manifest);
const initial = initialState(network, 7);
const images = signed('images', 6 * SIDE * SIDE * 3);
const indices = Uint32Array.from({ length: 6 }, (_, index) => index);
const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;
const loader: BatchLoader = {
  count: 1,
  take: () => ({ images, labels, indices, mixed: null }),
  close: () => Promise.resolve(),
};
const plain = { epochs: 1, optimizer: 'sgd', momentum: 0, weight_decay: 0, schedule: 'constant', lr: 0.25 } as const;
const dropped = { ...plain, rdrop: true, rdrop_alpha: 0.7 } as const;

/** Probabilities, row by row, of three classes. */
const softmax = (logits: Float32Array): number[][] =>
  Array.from({ length: logits.length / 3 }, (_, row) => {
    const powers = [0, 1, 2].map((c) => Math.exp(logits[3 * row + c]!));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  });
const kl = (p: readonly number[][], q: readonly number[][]): number =>
  p.flat().reduce((sum, value, k) => sum + value * Math.log(value / q.flat()[k]!), 0);

/** R-Drop's loss the long way round. */
function lossOf([first, second]: readonly Float32Array[], alpha: number): number {
  const [p, q] = [softmax(first!), softmax(second!)];
  const [l1, l2] = [first!, second!].map((logits) => crossEntropy(logits, [...labels]).loss);
  return (l1! + l2!) / 2 + (alpha / 2) * (kl(p, q) + kl(q, p));
}

/** The slope of R-Drop's loss in the logits of one of the passes: ½ dL + α/2 (p (d − Σ p d) + p − q), d = log p/q. */
function slopeOf(logits: readonly Float32Array[], pass: 0 | 1): Float32Array {
  const [p, q] = [softmax(logits[pass]!), softmax(logits[1 - pass]!)];
  const { gradient } = crossEntropy(logits[pass]!, [...labels]);
  return gradient.map((slope, k) => {
    const [row, other, c] = [p[Math.floor(k / 3)]!, q[Math.floor(k / 3)]!, k % 3];
    const d = row.map((value, j) => Math.log(value / other[j]!));
    const mean = row.reduce((sum, value, j) => sum + value * d[j]!, 0);
    return slope / 2 + (0.7 / 2) * (row[c]! * (d[c]! - mean) + row[c]! - other[c]!);
  });
}

/** What two passes, one after the other, say and lead to: each alone in the session, its gradients read out. */
async function byHand() {
  const engine = await createEngine('wasm', { threads: 1 });
  const session = engine.session(network, { optimizer: SGD, threads: 1 });
  session.write(initial);
  const step = session.trainStep({ batch: 6, taps: [] });
  const forward = (pass: 0 | 1): Float32Array => {
    step.input.set(images);
    step.forward(bits(7, 'dropout', 0, pass), 0);
    return step.logits.slice();
  };
  const logits = [forward(0), forward(1)];
  const statistics = session.read();
  const gradients = ([0, 1] as const).map((pass) => {
    forward(pass);
    step.logitsGradient.set(slopeOf(logits, pass));
    step.backward();
    return session.readGradients();
  });
  await engine.dispose();
  return { logits, statistics, gradients };
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe('R-Drop', () => {
  it('takes the loss, the gradients and the running statistics of two passes with dropout of their own', async () => {
    const { logits, statistics, gradients } = await byHand();
    expect(logits[1]).not.toEqual(logits[0]);
    const fitted = (await train({ data, model: MODEL, recipe: dropped, change: { loader } }))!;
    expect(fitted.history[0]!.train_loss).toBeCloseTo(lossOf(logits, 0.7), 6);
    const most = Math.max(...gradients.flatMap((of) => [...of.values()].map(largest)));
    let worst = 0;
    for (const { name, trained } of network.parameters) {
      if (!trained) {
        expect(fitted.state.get(name)).toEqual(statistics.get(name));
        continue;
      }
      const moved = fitted.state.get(name)!.map((value, i) => initial.get(name)![i]! - value);
      const sum = gradients[0]!.get(name)!.map((value, i) => 0.25 * (value + gradients[1]!.get(name)![i]!));
      // A difference of weights near 1 keeps 1e-7 of them; batch norm over six pixels multiplies rounding a hundred times;
      // where gradients cancel (a bias before batch norm) a part of a rounding of the largest ones is left.
      const lost = 2e-7 * largest(initial.get(name)!) + 3e-5 * largest(sum) + 2e-8 * most;
      moved.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - sum[i]!) / lost)));
    }
    expect(worst).toBeLessThan(1);
  });

  it('with the mean is divided by images times classes', async () => {
    const { logits } = await byHand();
    const recipe = { ...dropped, rdrop_reduction: 'mean' } as const;
    const fitted = (await train({ data, model: MODEL, recipe, change: { loader } }))!;
    expect(fitted.history[0]!.train_loss).toBeCloseTo(lossOf(logits, 0.7 / 18), 6);
  });

  it('goes on to the same bits from a checkpoint, with moving averages too', async () => {
    const run = { data, model: MODEL, recipe: { epochs: 3, batch_size: 4, rdrop: true, ema: true } } as const;
    const whole = (await train(run))!;
    const checkpoint = heldCheckpoint();
    const leave = new AbortController();
    const epoch = () => leave.abort();
    expect(await train({ ...run, change: { checkpoint, epoch, signal: leave.signal } })).toBeUndefined();
    checkpoint.saved = decodeCheckpoint(encodeCheckpoint(checkpoint.saved!), 'held');
    const continued = (await train({ ...run, change: { checkpoint } }))!;
    const { classes } = data.manifest;
    const bytes = ({ state, batches }: TrainingResult) =>
      Buffer.from(encodeModel({ network, state, classes, input: {}, batches }));
    expect(bytes(continued).equals(bytes(whole))).toBe(true);
    expect(continued.history).toEqual(whole.history);
  });

  it('shows a distillation term both passes, and takes the mean of what it says of them', async () => {
    const seen: Pass[] = [];
    const step = { asked: input('asked', []) };
    const fill = (pass: Pass) => {
      seen.push(pass);
      return { asked: Float32Array.of(0) };
    };
    const loss = ({ pass }: TermPlace) => add(step.asked, [1, 4][pass]!);
    const kd = () => fakeTerms({ Term: fakeTerm({ weight: 10, step, fill, loss }) });
    const fitted = (await train({ data, model: MODEL, recipe: dropped, kd, change: { loader } }))!;
    expect(seen).toEqual([
      { index: 0, of: 2 },
      { index: 1, of: 2 },
    ]);
    expect(fitted.history[0]!).toMatchObject({ kd_loss: 25, kd_terms: { Term: 2.5 } });
  });
});

describe('a distillation term of two passes', () => {
  const small = paintedSet({ train: 6 });
  const { labels: batchLabels } = small.split('train');
  const batch = { images: signed('small', 6 * 8 * 8 * 3), labels: batchLabels, indices, mixed: null };
  const supervision = {
    recipe: { loss: 'cross-entropy', rdropAlpha: 0.7, rdropReduction: 'sum' },
    options: { labelSmoothing: 0.1, classWeights: null, polyEpsilon: 1, focalGamma: 2 },
  } as const;

  /** MGD on the reference engine: an adapter that is trained, and a mask that is drawn anew for each pass. */
  async function setting() {
    const engine = await createEngine('reference', { threads: 1 });
    const [own, other] = [networkFor('convnet4', small.manifest), networkFor('convnet8', small.manifest)];
    const frozen = engine.session(other, { optimizer: null, threads: 1 });
    frozen.write(initialState(other, 5));
    const student = engine.session(own, { optimizer: SGD, threads: 1 });
    student.write(initialState(own, 2));
    const options = { method: 'MGD', options: { mgd_alpha: 1e-3, mgd_mask: 0.15 }, weight: { weight: 2 } };
    const deps = { student: own, labels: batchLabels, batchSize: 6, engine, optimizer: SGD, threads: 1, seed: 3 };
    const kd = new CombinedKdTerm({ ...deps, teachers: [teacherPass(frozen, engine)] }, [options]);
    const made = [1, 2].map((passes) => new Objective({ session: student, kd, supervision, passes, mixes: false }, 6));
    /** L_k, the mean of so many passes, and its gradients in the taps of each. */
    const run = (passes: 1 | 2) => {
      const objective = made[passes - 1]!;
      kd.observe(batch, 0);
      for (const step of objective.steps) {
        step.input.set(batch.images);
        step.forward(0, 0);
      }
      objective.run(batch);
      const value = objective.losses().kd.each['MGD']!;
      const slopes = objective.steps.map((step) =>
        Object.values(readArrays(student, { [kd.taps[0]!]: step.array(`tap-gradient:${kd.taps[0]!}`) })),
      );
      return { value, slopes };
    };
    return { kd, run };
  }

  it('weighs each by half, and draws masks of its own for each', async () => {
    const { run } = await setting();
    const [whole, both] = [run(1), run(2)];
    const [first, second] = both.slopes;
    expect(Math.abs(both.value / whole.value - 1)).toBeGreaterThan(1e-3);
    whole.slopes[0]!.forEach((slope, tap) => {
      slope.forEach((value, i) => expect(first![tap]![i]).toBeCloseTo(value / 2, 9));
      expect(second![tap]).not.toEqual(first![tap]);
    });
  });

  it('trains its adapters by the gradient of the mean', async () => {
    const { kd, run } = await setting();
    const before = kd.state();
    const total = (state: StateDict): number => {
      kd.restore(state, 0);
      return run(2).value;
    };
    total(before);
    const rate = 0.01;
    kd.update({ learningRate: rate, weightDecay: 0 });
    // SGD without momentum: what it moved by is −rate times the gradient, which has the term's weight.
    const after = kd.state();
    const slope = new Map(
      [...before].map(([name, values]) => [name, values.map((v, i) => (v - after.get(name)![i]!) / rate)]),
    );
    const trained = [...slope].filter(([name]) => !/running|momentum/.test(name));
    const square = trained.reduce((sum, [, values]) => sum + values.reduce((s, v) => s + v * v, 0), 0);
    const moved = (by: number): StateDict =>
      new Map([...before].map(([name, values]) => [name, values.map((v, i) => v + by * (slope.get(name)![i] ?? 0))]));
    const step = 1e-3;
    const rise = (total(moved(step)) - total(moved(-step))) / (2 * step);
    expect(square).toBeGreaterThan(0);
    expect((2 * rise) / square).toBeCloseTo(1, 3);
  });
});
