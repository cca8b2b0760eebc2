import { describe, expect, it } from 'vitest';
import { bestRow } from '../../../src/report/tables/best.ts';
import type { Sample } from '../../../src/report/rows/pairing.ts';

/** Runs of the seeds 0, 1, 2, … */
const seeds = (...values: readonly (number | undefined)[]): readonly Sample[] =>
  values.map((value, seed) => ({ axes: new Map([['seed', String(seed)]]), value }));

const low = seeds(0.7, 0.71, 0.69);
const middle = seeds(0.701, 0.709, 0.692);
const high = seeds(0.75, 0.76, 0.741);

describe('the best row of a column', () => {
  it('is the one that beats the next best beyond noise', () => {
    expect(bestRow([low, high, middle], false)).toBe(1);
  });

  it('is none where the next best is as good within noise', () => {
    expect(bestRow([low, middle], false)).toBeUndefined();
  });

  it('is the lowest for losses', () => {
    expect(bestRow([high, low, seeds(0.9, 0.91, 0.88)], true)).toBe(1);
    expect(bestRow([low, middle, high], true)).toBeUndefined();
  });

  it('is none for single runs, however far apart', () => {
    expect(bestRow([seeds(0.1), seeds(0.9)], false)).toBeUndefined();
    expect(bestRow([low, seeds(0.99)], false)).toBeUndefined();
    expect(bestRow([seeds(0.01), high], false)).toBeUndefined();
  });

  it('is none for a single row, for none, and for rows without numbers', () => {
    expect(bestRow([high], false)).toBeUndefined();
    expect(bestRow([], false)).toBeUndefined();
    expect(bestRow([seeds(undefined), high], false)).toBeUndefined();
  });

  it('is none among equals', () => {
    expect(bestRow([high, high], false)).toBeUndefined();
  });

  it('is judged over the seeds that both have', () => {
    expect(bestRow([seeds(0.7, 0.71, undefined), seeds(0.76, 0.7702, 0.75)], false)).toBe(1);
  });

  it('is none where the common seeds say the opposite of the means', () => {
    const luckySeed = seeds(0.5, 0.51, 0.52, 0.99);
    const steady = seeds(0.6, 0.61, 0.62, undefined);
    expect(bestRow([luckySeed, steady], false)).toBeUndefined();
  });

  it('compares with the next best only: rows far behind do not matter', () => {
    expect(bestRow([high, seeds(0.1, 0.9, 0.2)], false)).toBeUndefined();
    expect(bestRow([high, low, seeds(0.1, 0.9, 0.2)], false)).toBe(0);
  });
});
