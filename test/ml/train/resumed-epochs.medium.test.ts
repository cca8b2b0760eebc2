import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { learningRate } from '../../../src/ml/optim/schedule.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/ml/train/checkpoint.ts';
import type { TrainingResult } from '../../../src/ml/train/job.ts';
import type { EpochRow } from '../../../src/ml/train/training-state.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { heldCheckpoint, recipeWith, train, type Run } from '../../support/training-job.ts';

const data = paintedSet({ train: 14, val: 9 });
const EPOCHS = 5;
const recipe = { epochs: EPOCHS, batch_size: 6 } as const;

/** A digest of all values, whatever their order: a file sorts them. */
const digest = (state: StateDict) =>
  [...state]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .reduce(
      (hash, [name, { buffer, byteOffset, byteLength }]) =>
        hash.update(name).update(Buffer.from(buffer, byteOffset, byteLength)),
      createHash('sha256'),
    )
    .digest('hex');
const facts = ({ state, history, best, batches }: TrainingResult) => ({ state: digest(state), history, best, batches });

/** Trains in processes that end behind the named epochs, each going on from the file that the one before left. */
async function interrupted(run: Omit<Run, 'data'>, stops: readonly number[]): Promise<TrainingResult> {
  const checkpoint = heldCheckpoint();
  for (const stop of stops) {
    const leave = new AbortController();
    const epoch = (row: EpochRow) => {
      if (row.epoch === stop) leave.abort();
    };
    const fitted = await train({ data, ...run, change: { checkpoint, epoch, signal: leave.signal } });
    expect(fitted).toBeUndefined();
    expect(checkpoint.saved?.position).toMatchObject({ epoch: stop + 1, batch: 0 });
    checkpoint.saved = decodeCheckpoint(encodeCheckpoint(checkpoint.saved!), 'held');
  }
  return (await train({ data, ...run, change: { checkpoint } }))!;
}

describe('a run that is interrupted behind any of its epochs, as often as one likes,', () => {
  it.each<[string, Run['recipe']]>([
    ['AdamW, the last epoch kept', {}],
    ['the best validation accuracy kept', { select: 'val.accuracy', patience: 3 }],
    ['SGD, warm-up, a moving average', { optimizer: 'sgd', warmup: true, warmup_ratio: 0.4, ema: true }],
    ['weighed classes, flips, mixed images', { class_balance: true, flip: true, mixup: 'mixup' }],
  ])('ends with the bits, rows and best epoch of one that is not: %s', async (_, change) => {
    const run = { recipe: { ...recipe, ...change } };
    const whole = facts((await train({ data, ...run }))!);
    await fc.assert(
      fc.asyncProperty(fc.subarray([0, 1, 2, 3].slice(0, whole.history.length - 1)), async (stops) => {
        expect(facts(await interrupted(run, stops))).toEqual(whole);
      }),
      { seed: 111, numRuns: 6 },
    );
  });
});

describe('every epoch', () => {
  it.each<[string, Run['recipe']]>([
    ['a cosine', { schedule: 'cosine' }],
    ['a constant', { schedule: 'constant' }],
    ['a warm-up and a cosine', { warmup: true, warmup_ratio: 0.5, warmup_lr: 1e-5 }],
  ])('runs at, and tells, the rate of its schedule: %s', async (_, change) => {
    const { history } = (await train({ data, recipe: { ...recipe, ...change } }))!;
    const plan = recipeWith({ ...recipe, ...change });
    expect(history.map(({ epoch, lr }) => [epoch, lr])).toEqual(
      Array.from({ length: EPOCHS }, (_row, epoch) => [epoch, learningRate(plan, epoch)]),
    );
  });

  it('moves weights by its own rate: an epoch at rate 0 leaves them alone', async () => {
    const still = { ...recipe, epochs: 2, schedule: 'constant', lr: 0, weight_decay: 0.5 } as const;
    const [one, two] = [await train({ data, recipe: { ...still, epochs: 1 } }), await train({ data, recipe: still })];
    for (const name of ['block1.conv.weight', 'fc.weight', 'fc.bias'])
      expect(two!.state.get(name)).toEqual(one!.state.get(name));
    // Running statistics are of the images, not of the rate.
    expect(two!.state.get('block1.bn.running_mean')).not.toEqual(one!.state.get('block1.bn.running_mean'));
  });
});

describe('the epoch that is kept', () => {
  const scores = {
    'val.accuracy': (row: EpochRow) => row.val_accuracy!,
    'val.mpa': (row: EpochRow) => row.val_mpa!,
    'val.loss': (row: EpochRow) => -row.val_loss!,
    last: (row: EpochRow) => row.epoch,
  };

  it.each(Object.entries(scores))('by %s is the first of the highest in the history', async (name, score) => {
    const select = name as keyof typeof scores;
    const fitted = (await train({ data, recipe: { ...recipe, epochs: 8, select } }))!;
    const all = fitted.history.map(score);
    const first = all.indexOf(Math.max(...all));
    expect(fitted.best).toEqual(fitted.history[first]);
    // Three batches an epoch.
    expect(fitted.batches).toBe(3 * (first + 1));
  });

  it('has the weights that it had then: as a run that ended there', async () => {
    const select = 'val.accuracy' as const;
    const rates = { ...recipe, schedule: 'constant', epochs: 8 } as const;
    const fitted = (await train({ data, recipe: { ...rates, select } }))!;
    const shorter = (await train({ data, recipe: { ...rates, epochs: fitted.best.epoch + 1, select: 'last' } }))!;
    expect(digest(fitted.state)).toEqual(digest(shorter.state));
  });

  it('does not depend on patience until it runs out', async () => {
    const select = 'val.loss' as const;
    const whole = (await train({ data, recipe: { ...recipe, epochs: 12, lr: 0.3, select } }))!;
    for (const patience of [1, 2, 4]) {
      const { history } = (await train({ data, recipe: { ...recipe, epochs: 12, lr: 0.3, select, patience } }))!;
      expect(whole.history.slice(0, history.length)).toEqual(history);
      // It ends at the first epoch that stands `patience` behind the best one before it, or at the end.
      const losses = whole.history.map((row) => row.val_loss!);
      const ends = losses.findIndex((_loss, epoch) => {
        const past = losses.slice(0, epoch + 1);
        return epoch - past.indexOf(Math.min(...past)) >= patience;
      });
      expect(history).toHaveLength(ends === -1 ? 12 : ends + 1);
    }
  });
});
