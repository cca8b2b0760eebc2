import { describe, expect, it } from 'vitest';
import type { Selection } from '../../../src/ml/train/recipe.ts';
import { NO_TERM } from '../../../src/ml/train/term-losses.ts';
import { afterEpoch, afterStep, isOver, start, type EpochRow } from '../../../src/ml/train/training-state.ts';

const row = (epoch: number, change: Partial<EpochRow>): EpochRow => ({
  ...{ epoch, lr: 1e-3, train_loss: 1, kd_loss: null, kd_terms: {}, val_accuracy: null, val_mpa: null, val_loss: null },
  ...change,
});
const course = (rows: readonly Partial<EpochRow>[], select: Selection) =>
  rows.reduce<typeof start>((position, change, epoch) => afterEpoch(position, row(epoch, change), select), start);

describe('a step', () => {
  it('adds its losses, weighed by images, and counts as an update', () => {
    const first = afterStep(start, 64, { loss: 2, kd: { weighted: 1, each: { AT: 4 } }, total: 3 });
    const second = afterStep(first, 16, { loss: 1, kd: { weighted: 0.5, each: { AT: 2 } }, total: 1.5 });
    expect(second).toEqual({
      ...{ epoch: 0, batch: 2, updates: 2, lastLoss: 1.5, history: [], best: null },
      sums: { images: 80, loss: 144, kd: { weighted: 72, each: { AT: 288 } } },
    });
    expect(start.sums.images).toBe(0);
  });
});

describe('the best epoch', () => {
  it.each<[Selection, readonly Partial<EpochRow>[], number]>([
    ['val.accuracy', [{ val_accuracy: 0.5 }, { val_accuracy: 0.7 }, { val_accuracy: 0.6 }], 1],
    ['val.mpa', [{ val_mpa: 0.9 }, { val_mpa: 0.7 }, { val_mpa: 0.8 }], 0],
    ['val.loss', [{ val_loss: 2 }, { val_loss: 1.5 }, { val_loss: 1.1 }], 2],
    ['last', [{ val_accuracy: 0.9 }, { val_accuracy: 0.1 }], 1],
  ])('by %s', (select, rows, best) => {
    expect(course(rows, select).best?.epoch).toBe(best);
  });

  it('is the first of equal ones', () => {
    expect(course([{ val_accuracy: 0.5 }, { val_accuracy: 0.8 }, { val_accuracy: 0.8 }], 'val.accuracy').best).toEqual({
      ...{ epoch: 1, score: 0.8, updates: 0 },
    });
  });

  it('knows how many updates made it, and starts the next epoch with empty sums', () => {
    const stepped = afterStep(start, 64, { loss: 2, kd: NO_TERM, total: 2 });
    const closed = afterEpoch(stepped, row(0, { val_loss: 1 }), 'val.loss');
    expect(closed).toMatchObject({ epoch: 1, batch: 0, updates: 1, best: { epoch: 0, score: -1, updates: 1 } });
    expect(closed.sums).toEqual(start.sums);
    expect(closed.lastLoss).toBe(2);
  });
});

describe('training', () => {
  const worse = course([{ val_accuracy: 0.8 }, { val_accuracy: 0.1 }, { val_accuracy: 0.2 }], 'val.accuracy');

  it('is over after the last epoch', () => {
    expect(isOver(worse, { epochs: 4, patience: 0 })).toBe(false);
    expect(isOver(worse, { epochs: 3, patience: 0 })).toBe(true);
  });

  it('is over `patience` epochs after the best one, and never when patience is 0', () => {
    expect(isOver(worse, { epochs: 100, patience: 3 })).toBe(false);
    expect(isOver(worse, { epochs: 100, patience: 2 })).toBe(true);
    expect(isOver(worse, { epochs: 100, patience: 0 })).toBe(false);
    expect(isOver(start, { epochs: 100, patience: 1 })).toBe(false);
  });
});
