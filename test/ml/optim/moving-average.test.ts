import { describe, expect, it } from 'vitest';
import { averageDecay } from '../../../src/ml/optim/moving-average.ts';
import { lossReference } from '../../support/loss-reference.ts';

describe('the decay of a moving average', () => {
  it.each(lossReference.ema_decay)('is the reference’s in update %d', (update, decay) => {
    // The fixture has nine significant digits.
    expect(averageDecay(update) / decay).toBeCloseTo(1, 8);
  });
});
