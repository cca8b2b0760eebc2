import { describe, expect, it } from 'vitest';
import { averageDecay } from '../../../src/ml/optim/moving-average.ts';
import { lossReference } from '../../support/loss-reference.ts';

describe('the decay of a moving average', () => {
  it.each(lossReference.ema_decay)('is the reference’s in update %d', (update, decay) => {
    // The fixture has nine significant digits.
    expect(averageDecay(0.9999, update) / decay).toBeCloseTo(1, 8);
  });

  it('comes close to what it is asked for, from 0 on', () => {
    expect(averageDecay(0.99, 0)).toBe(0);
    expect(averageDecay(0.99, 100_000)).toBeCloseTo(0.99, 12);
  });
});
