import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorOf } from '../../../src/ml/weights/elements.ts';
import { roundedToHalf } from '../../../src/ml/weights/round-half.ts';

const halved = (...values: readonly number[]): readonly number[] => [...roundedToHalf(Float32Array.from(values))];

/** All numbers of binary16, as the reader of files makes them of their bits; finite ones in order. */
const bits = Uint16Array.from({ length: 2 ** 16 }, (_, at) => at);
const all = tensorOf({
  ...{ type: 'F16', shape: [2 ** 16], strides: [1], offset: 0 },
  bytes: new Uint8Array(bits.buffer),
}).values as Float32Array;
const finite = all.filter(Number.isFinite).sort();

describe('rounding to half precision', () => {
  it('leaves what is half precision already', () => {
    expect(roundedToHalf(all)).toEqual(all);
  });

  it('takes no number that is further away than another', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65_504, max: 65_504 }), (value) => {
        const [got = NaN] = halved(value);
        const next = finite.findIndex((one) => one >= value);
        const nearest = Math.min(...[next - 1, next].map((at) => Math.abs((finite[at] ?? Infinity) - value)));
        expect(Math.abs(got - value)).toBe(nearest);
      }),
      { numRuns: 300 },
    );
  });

  it('rounds ties to even, and to infinity only what is beyond the largest', () => {
    expect(halved(2049, 2051, -2049, 2 ** -25, 3 * 2 ** -25)).toEqual([2048, 2052, -2048, 0, 2 ** -23]);
    expect(halved(65_519, 65_520, -65_520)).toEqual([65_504, Infinity, -Infinity]);
    expect(halved(-0, NaN, Infinity)).toEqual([-0, NaN, Infinity]);
  });
});
