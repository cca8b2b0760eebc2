import { describe, expect, it } from 'vitest';
import { at, byteAt, doubleAt, floatAt, intAt } from '../../src/util/at.ts';

describe('an element that is there', () => {
  it('is given as it is, 0 and NaN too', () => {
    expect([at([5, 0], 1), byteAt(Uint8Array.of(7), 0), intAt(Int32Array.of(-3, 0), 1)]).toEqual([0, 7, 0]);
    expect([floatAt(Float32Array.of(NaN), 0), doubleAt(Float64Array.of(0.1), 0)]).toEqual([NaN, 0.1]);
  });

  it.each<[string, () => number]>([
    ['a list', () => at([1], 1)],
    ['bytes', () => byteAt(new Uint8Array(1), 1)],
    ['float32', () => floatAt(new Float32Array(1), 1)],
    ['float64', () => doubleAt(new Float64Array(1), 1)],
    ['integers', () => intAt(new Uint32Array(1), 1)],
  ])('is missed aloud beyond the end: %s', (_, read) => {
    expect(read).toThrow(new RangeError('no element 1 of 1'));
    expect(() => at([1], -1)).toThrow('no element -1 of 1');
  });
});
