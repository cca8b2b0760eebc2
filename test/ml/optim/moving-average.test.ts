import { describe, expect, it } from 'vitest';
import { averageDecay, moveAverage } from '../../../src/ml/optim/moving-average.ts';
import { lossReference } from '../../support/loss-reference.ts';

describe('moving average of weights', () => {
  it.each(lossReference.ema_decay)('has the reference’s decay after update %d', (update, decay) => {
    // The fixture has nine significant digits.
    expect(averageDecay(update) / decay).toBeCloseTo(1, 8);
  });

  it('moves each value by the decay of its update', () => {
    const average = new Map([['w', Float32Array.from([1, -2])]]);
    moveAverage(average, new Map([['w', Float32Array.from([3, 4])]]), 2000);
    const decay = 0.9999 * (1 - Math.exp(-1));
    expect([...average.get('w')!]).toEqual([Math.fround(3 - 2 * decay), Math.fround(4 - 6 * decay)]);
  });

  it('all but takes the first value over after the first update', () => {
    const average = new Map([['w', Float32Array.of(1000)]]);
    moveAverage(average, new Map([['w', Float32Array.of(1)]]), 1);
    expect(average.get('w')![0]).toBeCloseTo(1 + 999 * 0.000499825033, 5);
  });

  it('refuses a value without an average: a bug, not a user’s problem', () => {
    expect(() => moveAverage(new Map(), new Map([['w', new Float32Array(1)]]), 1)).toThrow('no average of w');
  });
});
