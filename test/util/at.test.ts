import { describe, expect, it } from 'vitest';
import { at } from '../../src/util/at.ts';

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
