import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalsOf, measuredText, numberText, pText, signedText } from '../../../src/report/tables/number-text.ts';

describe('the decimals of a column', () => {
  it.each<[readonly number[], number, string]>([
    [[0.7525, 0.8], 4, 'rates'],
    [[1, 0.5], 4, 'rates with a full one'],
    [[1, 1], 4, 'rates that are all full'],
    [[0, 0], 4, 'nothing at all'],
    [[], 4, 'no numbers'],
    [[0.05], 4, 'small rates'],
    [[0.0034, 0.001], 6, 'small numbers keep four digits'],
    [[2.5], 4, 'losses'],
    [[12.25], 3, 'tens'],
    [[123.5, 4], 2, 'hundreds'],
    [[1369.4], 1, 'thousands'],
    [[123_456.7], 0, 'large numbers'],
    [[2_237_770, 94_000_000], 0, 'whole numbers'],
    [[64, 0], 0, 'counts'],
    [[-0.75], 4, 'negative numbers'],
    [[1e-30], 10, 'tiny numbers'],
  ])('for %j are %i: %s', (values, decimals) => {
    expect(decimalsOf(values)).toBe(decimals);
  });
});

describe('a number', () => {
  it('has fixed decimals', () => {
    expect(numberText(0.75248, 4)).toBe('0.7525');
    expect(numberText(1, 4)).toBe('1.0000');
    expect(numberText(2_237_770, 0)).toBe('2237770');
  });

  it('is never a negative zero', () => {
    expect(numberText(-0.00001, 4)).toBe('0.0000');
    expect(numberText(-0, 2)).toBe('0.00');
  });

  it('keeps its first digits where the decimals are spent', () => {
    expect(numberText(1.5e-13, 10)).toBe('1.500e-13');
    expect(numberText(-1.5e-13, 10)).toBe('-1.500e-13');
    expect(numberText(0, 10)).toBe('0.0000000000');
  });

  it('is within half a unit of its last digit', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 8 }),
        (value, decimals) => {
          expect(Math.abs(Number(numberText(value, decimals)) - value)).toBeLessThanOrEqual(
            0.5000001 * 10 ** -decimals,
          );
        },
      ),
    );
  });
});

describe('a mean over runs', () => {
  it('shows the deviation and the number of runs', () => {
    expect(measuredText({ mean: 0.75248, sd: 0.00312, n: 3, expected: 3 }, 4)).toBe('0.7525 ± 0.0031 (n=3)');
  });

  it('of one run has no ±', () => {
    expect(measuredText({ mean: 0.75248, sd: null, n: 1, expected: 1 }, 4)).toBe('0.7525');
  });

  it('says how many runs are missing', () => {
    expect(measuredText({ mean: 0.75, sd: 0.01, n: 2, expected: 3 }, 4)).toBe('0.7500 ± 0.0100 (2/3)');
    expect(measuredText({ mean: 0.75, sd: null, n: 1, expected: 3 }, 4)).toBe('0.7500 (1/3)');
  });

  it('of no run is a dash', () => {
    expect(measuredText({ mean: 0, sd: null, n: 0, expected: 3 }, 4)).toBe('–');
    expect(measuredText({ mean: 0, sd: null, n: 0, expected: 1 }, 4)).toBe('–');
  });
});

describe('a difference', () => {
  it('has its sign', () => {
    expect(signedText(0.0123, 4)).toBe('+0.0123');
    expect(signedText(-0.0123, 4)).toBe('-0.0123');
  });

  it('of nothing has none', () => {
    expect(signedText(0, 4)).toBe('0.0000');
    expect(signedText(-0.000001, 4)).toBe('0.0000');
    expect(signedText(0.000001, 4)).toBe('0.0000');
  });
});

describe('a p-value as text', () => {
  it.each<[number, string]>([
    [0.0123, 'p=0.012'],
    [1, 'p=1.000'],
    [0.001, 'p=0.001'],
    [0.00099, 'p<0.001'],
    [0, 'p<0.001'],
  ])('has three digits: %d', (p, text) => {
    expect(pText(p)).toBe(text);
  });
});
