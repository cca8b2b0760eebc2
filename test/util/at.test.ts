import { describe, expect, it } from 'vitest';
import { at, byteAt, doubleAt, floatAt, intAt } from '../../src/util/at.ts';

describe('at', () => {
  it.each([[[4, 5, 6]], [Float32Array.of(4, 5, 6)], [['4', '5', '6'].map(Number)]])(
    'gives the element: %j',
    (array) => {
      expect([0, 1, 2].map((index) => at<number>(array, index))).toEqual([4, 5, 6]);
    },
  );

  it('gives zeros and empty texts as they are', () => {
    expect(at([0, ''], 0)).toBe(0);
    expect(at([0, ''], 1)).toBe('');
  });

  it.each([-1, 3, 0.5, NaN])('throws outside: %d', (index) => {
    expect(() => at(Int32Array.of(1, 2, 3), index)).toThrow(`index ${index} of 3 elements`);
  });
});

describe('of one class of arrays', () => {
  it('an element is given as it is, 0 and NaN too', () => {
    expect([byteAt(Uint8Array.of(7), 0), intAt(Int32Array.of(-3, 0), 1)]).toEqual([7, 0]);
    expect([floatAt(Float32Array.of(NaN), 0), doubleAt(Float64Array.of(0.1), 0)]).toEqual([NaN, 0.1]);
  });

  it.each<[string, () => number]>([
    ['bytes', () => byteAt(new Uint8Array(1), 1)],
    ['float32', () => floatAt(new Float32Array(1), 1)],
    ['float64', () => doubleAt(new Float64Array(1), 1)],
    ['integers', () => intAt(new Uint32Array(1), 1)],
  ])('an index outside throws: %s', (_, read) => {
    expect(read).toThrow(new RangeError('index 1 of 1 elements'));
  });
});
