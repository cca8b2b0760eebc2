import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FailureError } from '../../../src/core/failure.ts';
import { mul } from '../../../src/ml/algebra/arithmetic.ts';
import { array } from '../../../src/ml/algebra/inputs.ts';
import { sum } from '../../../src/ml/algebra/reductions.ts';
import { directLoader, type BatchLoader, type TrainBatch } from '../../../src/ml/data/batch-loader.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/ml/train/checkpoint.ts';
import type { EpochPace, FitProgress, TrainingResult } from '../../../src/ml/train/job.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { encodeModel, networkFor } from '../../../src/ml/inference/trained-model.ts';
import { averageDecay } from '../../../src/ml/optim/moving-average.ts';
import type { EpochRow, TrainingState } from '../../../src/ml/train/training-state.ts';
import { fakeTerm, fakeTerms } from '../../support/fake-terms.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { heldCheckpoint, recipeWith, train, type Run } from '../../support/training-job.ts';

const data = paintedSet({ train: 28, val: 12 });
const network = networkFor('convnet4', data.manifest);
const { classes } = data.manifest;
const bytes = ({ state, batches }: TrainingResult, of: Network = network) =>
  Buffer.from(encodeModel({ network: of, state, classes, input: {}, batches }));
const losses = ({ history }: TrainingResult) => history.map(({ train_loss: loss }) => loss);

/** Aborts after so many reads of the flag: a stop at any step, without waiting for clocks. */
function abortAfter(looks: number): AbortSignal {
  let left = looks;
  return {
    get aborted() {
      return left-- <= 0;
    },
  } as AbortSignal;
}

describe('training', () => {
  it('learns: the loss falls and validation gets right what it can', async () => {
    const fitted = (await train({ data, recipe: { epochs: 12, select: 'val.accuracy' } }))!;
    expect(fitted.history).toHaveLength(12);
    expect(losses(fitted).at(-1)).toBeLessThan(losses(fitted)[0]! * 0.6);
    // Three classes: chance is 1/3.
    expect(fitted.best.val_accuracy).toBeGreaterThanOrEqual(10 / 12);
    expect(fitted.batches).toBe((fitted.best.epoch + 1) * 4);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const [first, second, other] = [
      await train({ data }),
      await train({ data }),
      await train({ data, recipe: { seed: 8 } }),
    ];
    expect(bytes(second!)).toEqual(bytes(first!));
    expect(second!.history).toEqual(first!.history);
    expect(bytes(other!)).not.toEqual(bytes(first!));
  });

  it('gives the same bytes for any number of threads', async () => {
    const [one, two] = [await train({ data, threads: 1 }), await train({ data, threads: 2 })];
    expect(bytes(two!)).toEqual(bytes(one!));
  });

  it('computes on wasm what the reference engine computes', async () => {
    // Plain SGD: Adam's division by small second moments would blow rounding up.
    const recipe = { optimizer: 'sgd', momentum: 0, epochs: 2 } as const;
    const [fast, plain] = [await train({ data, recipe }), await train({ data, recipe, engine: 'reference' })];
    losses(fast!).forEach((loss, epoch) => expect(loss).toBeCloseTo(losses(plain!)[epoch]!, 5));
  });

  it('tells each epoch once, at the learning rate of its schedule', async () => {
    const rows: EpochRow[] = [];
    await train({ data, recipe: { epochs: 2 }, change: { epoch: (row) => rows.push(row) } });
    expect(rows.map(({ epoch, lr }) => [epoch, lr])).toEqual([
      [0, 1e-2],
      [1, 1e-6 + ((1e-2 - 1e-6) * (1 + Math.cos(Math.PI / 2))) / 2],
    ]);
    expect(rows.every(({ kd_loss: kd, val_loss: loss }) => kd === null && Number.isFinite(loss))).toBe(true);
  });

  it('tells of each epoch which part of its time went into waiting for images and bringing them', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const few = paintedSet({ train: 16 });
    const loader = directLoader(few.split('train'), few.manifest, recipeWith());
    const slow: BatchLoader = {
      ...loader,
      take: (epoch, batch) => {
        now += 30 * (epoch + 1);
        return loader.take(epoch, batch);
      },
    };
    const paces: EpochPace[] = [];
    const turn = () => Promise.resolve(void (now += 70));
    const change = { loader: slow, turn, epoch: (_: EpochRow, pace: EpochPace) => paces.push(pace) };
    await train({ data: few, recipe: { epochs: 2 }, change });
    clock.mockRestore();
    expect(paces.map(({ waiting, bringing }) => [waiting, bringing])).toEqual([
      [0.3, 0],
      [60 / 130, 0],
    ]);
  });

  it('does without validation images when the last epoch is kept', async () => {
    const fitted = (await train({ data: paintedSet({ train: 28 }) }))!;
    expect(fitted.best).toMatchObject({ epoch: 2, val_accuracy: null, val_mpa: null, val_loss: null });
  });

  it('stops early when validation gets no better for `patience` epochs', async () => {
    const recipe = { epochs: 50, lr: 1e-12, min_lr: 0, select: 'val.accuracy', patience: 2 } as const;
    // Nothing moves but batch-norm statistics, so that validation stands still soon.
    const fitted = (await train({ data, recipe }))!;
    expect(fitted.history.length).toBeLessThan(50);
    expect(fitted.history.length - 1 - fitted.best.epoch).toBe(2);
  });

  it('weighs classes where it is asked to', async () => {
    const [plain, balanced] = [await train({ data }), await train({ data, recipe: { class_balance: true } })];
    // 28 images of three classes: 10, 9, 9.
    expect(losses(balanced!)[0]).not.toBe(losses(plain!)[0]);
    expect(losses(balanced!)[0]).toBeCloseTo(losses(plain!)[0]!, 1);
  });

  it('tells progress in epochs with images a second, mean loss and time left', async () => {
    const told: FitProgress[] = [];
    await train({ data, recipe: { epochs: 2 }, change: { progress: (progress) => told.push(progress) } });
    expect(told[0]?.done).toBe(0.29);
    for (const { done, total, imagesPerSecond, loss, eta } of told) {
      expect(total).toBe(2);
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThanOrEqual(2);
      expect(loss).toBeLessThan(3);
      expect(eta).toBeCloseTo(((2 - done) * 28) / imagesPerSecond, 2);
    }
  });
});

describe('checkpoints', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Updates that were saved, by a clock that goes on only before each step, at an epoch's end, and in a checkpoint. */
  async function savedAt({ step, checkpoint: cost }: { readonly step: number; readonly checkpoint: number }) {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const signal = {
      get aborted() {
        now += step;
        return false;
      },
    } as AbortSignal;
    const saved: number[] = [];
    const save = ({ position }: TrainingState) => {
      saved.push(position.updates);
      now += cost;
    };
    const nothing = () => undefined;
    const change = { signal, checkpoint: { load: nothing, save, saveEnd: nothing, clear: nothing } };
    // Four steps an epoch, and no validation.
    await train({ data: paintedSet({ train: 28 }), recipe: { epochs: 6 }, change });
    return saved;
  }

  it('are written at the end of every epoch where they are cheap, however short it is', async () => {
    expect(await savedAt({ step: 1, checkpoint: 0.1 })).toEqual([4, 8, 12, 16, 20, 24]);
  });

  it('take no more than a twentieth of the time where they are dear', async () => {
    // An epoch takes 500 ms, a checkpoint 40: after one, 800 ms have to pass.
    expect(await savedAt({ step: 100, checkpoint: 40 })).toEqual([4, 12, 20]);
  });

  it('are written within an epoch once a minute has passed', async () => {
    expect(await savedAt({ step: 20_000, checkpoint: 1 })).toEqual([3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23, 24]);
  });

  it('wait longer than a minute within an epoch where they take more than three seconds', async () => {
    // 100 s after each but the first, whose cost nobody knows before.
    expect(await savedAt({ step: 19_000, checkpoint: 5_000 })).toEqual([4, 8, 13, 18, 23]);
  });
});

describe('a stopped run', () => {
  const runs: readonly (readonly [string, Partial<Run>])[] = [
    ['AdamW', {}],
    ['SGD with momentum', { recipe: { optimizer: 'sgd' } }],
    ['a moving average', { recipe: { ema: true, select: 'val.loss' } }],
    ['augmentation and mixing', { recipe: { flip: true, augment: 'randaugment', mixup: 'cutmix' } }],
  ];

  it.each(runs)('goes on to the same bytes from wherever it was stopped: %s', async (_, run) => {
    const whole = (await train({ data, ...run }))!;
    for (const looks of [0, 2, 5, 6, 9, 14]) {
      const checkpoint = heldCheckpoint();
      expect(await train({ data, ...run, change: { checkpoint, signal: abortAfter(looks) } })).toBeUndefined();
      // What lies on disk is what counts, not what the process still holds.
      checkpoint.saved = decodeCheckpoint(encodeCheckpoint(checkpoint.saved!), 'held');
      const continued = (await train({ data, ...run, change: { checkpoint } }))!;
      expect(bytes(continued)).toEqual(bytes(whole));
      expect(continued.history).toEqual(whole.history);
    }
  });

  it('makes headway even when it is stopped again and again', async () => {
    const whole = (await train({ data }))!;
    const checkpoint = heldCheckpoint();
    let fitted: TrainingResult | undefined;
    let tries = 0;
    while (!fitted && tries < 100) {
      tries += 1;
      fitted = await train({ data, change: { checkpoint, signal: abortAfter(3) } });
    }
    expect(tries).toBeGreaterThan(4);
    expect(bytes(fitted!)).toEqual(bytes(whole));
  });

  it('keeps the steps of an epoch whose validation was cut short', async () => {
    const checkpoint = heldCheckpoint();
    // Four steps and the epoch's end look at the signal, then validation does.
    expect(await train({ data, change: { checkpoint, signal: abortAfter(5) } })).toBeUndefined();
    expect(checkpoint.saved?.position).toMatchObject({ epoch: 0, batch: 4, updates: 4, history: [], best: null });
    expect(checkpoint.saved?.tensors.best).toBeNull();
  });
});

describe('mixed images', () => {
  /** Batches whose images are the same whatever their labels, so that losses can be compared. */
  const loaderOf = (own: number, mixed: { share: number; partner: number } | null): BatchLoader => ({
    count: 1,
    take: () => ({
      images: Float32Array.from({ length: 8 * 8 * 8 * 3 }, (_, i) => Math.sin(i)),
      labels: new Int32Array(8).fill(own),
      indices: new Uint32Array(8),
      mixed: mixed && { share: mixed.share, partners: new Int32Array(8).fill(mixed.partner) },
    }),
    close: () => Promise.resolve(),
  });
  const run = { data: paintedSet({ train: 8 }), recipe: { epochs: 1, mixup: 'mixup' } } as const;
  const firstLoss = async (loader: BatchLoader): Promise<number> =>
    losses((await train({ ...run, change: { loader } }))!)[0]!;

  it('are trained on the labels of both, by their shares', async () => {
    const [zero, two] = [await firstLoss(loaderOf(0, null)), await firstLoss(loaderOf(2, null))];
    expect(Math.abs(zero - two)).toBeGreaterThan(0.01);
    const mixed = await firstLoss(loaderOf(0, { share: 0.3, partner: 2 }));
    expect(mixed).toBeCloseTo(0.3 * zero + 0.7 * two, 6);
  });

  it.each([
    [0.3, 2],
    [0.5, 0],
    [0.8, 0],
  ])('show a distillation term the label of the greater share: own %d, label %i', async (share, label) => {
    // A digit of 4 for each image.
    const places = array(Array.from({ length: 8 }, (_, image) => 4 ** image));
    const kd = () => fakeTerms({ Labels: fakeTerm({ loss: ({ labels }) => sum(mul(labels, places)) }) });
    const loader = loaderOf(0, { share, partner: 2 });
    const fitted = await train({ ...run, kd, change: { loader } });
    expect(fitted!.history[0]!.kd_terms).toEqual({ Labels: (label * (4 ** 8 - 1)) / 3 });
  });
});

describe('a distillation term', () => {
  it('is updated at its own rate, which the original experiments took out of the schedule', async () => {
    const rates: number[] = [];
    const kd = fakeTerms({}, { update: ({ learningRate: rate }) => void rates.push(rate) });
    const wave = { schedule: 'cosine-restart-wave', t_max: 1, lr: 1e-3, min_lr: 1e-6 } as const;
    const recipe = { ...wave, epochs: 5, warmup: true, warmup_ratio: 0.4, warmup_lr: 0 };
    await train({ data: paintedSet({ train: 8 }), recipe: { ...recipe, adapter_schedule: 'original' }, kd: () => kd });
    expect(rates).toEqual([1e-3, 5e-4, 1e-3, 1e-6, 1e-6]);
  });
});

describe('before the first step', () => {
  it('every size of batch is prepared, the epoch’s last and validation’s among them', async () => {
    const seen: string[] = [];
    const said = (what: string) => (batch: number) => void seen.push(`${what} ${batch}`);
    const observe = ({ labels }: TrainBatch): void => {
      said('observe')(labels.length);
    };
    const kd = fakeTerms({}, { prepare: said('prepare'), observe });
    await train({ data: paintedSet({ train: 11, val: 3 }), recipe: { epochs: 1 }, kd: () => kd });
    expect(seen).toEqual(['prepare 8', 'prepare 3', 'observe 8', 'observe 3']);
  });

  it('a last batch of one image is refused where the network normalises 1×1 maps over it', async () => {
    const tiny = paintedSet({ train: 9, val: 1, side: 16 });
    const take = vi.fn<BatchLoader['take']>();
    const change = { loader: { count: 2, take, close: () => Promise.resolve() } };
    const failed = train({ data: tiny, model: 'mobile_half', change });
    await expect(failed).rejects.toMatchObject({ failures: [{ code: 'batch-too-small' }] });
    expect(take).not.toHaveBeenCalled();
  });
});

describe('a moving average', () => {
  it('is what is kept: one update moves it by its decay', async () => {
    const one = paintedSet({ train: 8 });
    const recipe = { epochs: 1 };
    const [plain, averaged] = [
      await train({ data: one, recipe }),
      await train({ data: one, recipe: { ...recipe, ema: true } }),
    ];
    const before = initialState(network, 7).get('fc.weight')!;
    const after = plain!.state.get('fc.weight')!;
    const decay = averageDecay(0.9999, 1);
    const expected = before.map((value, i) => decay * value + (1 - decay) * after[i]!);
    // The average moves towards the weights, so that its own rounding is all that differs: 2⁻²⁴ of what it was.
    averaged!.state.get('fc.weight')!.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 7));
    // A decay of 0.0005 all but takes the weights over, and yet not quite.
    expect(Math.max(...after.map((value, i) => Math.abs(value - expected[i]!)))).toBeGreaterThan(1e-6);
  });
});

describe('a loss that is not finite', () => {
  it('stops the run with the step, the loss before and advice', async () => {
    const recipe = { lr: 1e30, optimizer: 'sgd', momentum: 0, min_lr: 1e-6 } as const;
    const error = await train({ data, recipe }).then(
      () => undefined,
      (thrown: unknown) => thrown as FailureError,
    );
    const [failure] = error!.failures;
    expect(failure?.code).toBe('non-finite-loss');
    expect(failure?.message).toMatch(
      /^the loss became NaN at step \d+ \(epoch \d\); (the step before had [\d.e+]+|it was)/,
    );
    expect(failure?.fix).toContain('lower lr (it is 1e+30)');
  });
});
