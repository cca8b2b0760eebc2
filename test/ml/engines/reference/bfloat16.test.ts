import { describe, expect, it } from 'vitest';
import { roundToBfloat16 } from '../../../../src/ml/engines/reference/bfloat16.ts';

const rounded = (value: number): number => roundToBfloat16(Float64Array.of(value))[0]!;

describe('roundToBfloat16', () => {
  it('keeps eight digits of the binary fraction, the first one not written', () => {
    expect(rounded(1 + 2 ** -7)).toBe(1 + 2 ** -7);
    expect(rounded(-3.14159265)).toBe(-3.140625);
    expect(rounded(2 ** -126)).toBe(2 ** -126);
    expect(rounded(0)).toBe(0);
    expect(rounded(-0)).toBe(-0);
  });

  it('goes to the nearest, and to the even one of two', () => {
    expect(rounded(1 + 2 ** -8)).toBe(1);
    expect(rounded(1 + 3 * 2 ** -8)).toBe(1 + 2 ** -6);
    expect(rounded(1 + 2 ** -8 + 2 ** -20)).toBe(1 + 2 ** -7);
    expect(rounded(1 + 2 ** -8 - 2 ** -20)).toBe(1);
  });

  it('makes infinity of what is too large, and leaves it and NaN', () => {
    expect(rounded(3.4e38)).toBe(Infinity);
    expect(rounded(-Infinity)).toBe(-Infinity);
    expect(rounded(NaN)).toBeNaN();
  });
});
