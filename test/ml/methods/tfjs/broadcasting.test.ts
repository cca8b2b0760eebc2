import { add, div, memory, mul, sub, tensor, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import '../../../../src/ml/methods/tfjs/setup.ts';

const OPERATIONS = {
  add: [add, (a: number, b: number) => a + b],
  sub: [sub, (a: number, b: number) => a - b],
  mul: [mul, (a: number, b: number) => a * b],
  div: [div, (a: number, b: number) => a / b],
} as const;

/** Value of a dense tensor at an index of the broadcast shape. */
function at(values: readonly number[], shape: readonly number[], index: readonly number[]): number {
  const own = index.slice(index.length - shape.length);
  return values[shape.reduce((flat, length, k) => flat * length + (length === 1 ? 0 : own[k]!), 0)]!;
}

/** All indices of a shape in row-major order. */
const indices = (shape: readonly number[]): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (all, length) => all.flatMap((head) => Array.from({ length }, (_, last) => [...head, last])),
    [[]],
  );

const count = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
const numbers = (shape: readonly number[], scale: number) =>
  Array.from({ length: count(shape) }, (_, i) => Math.fround(scale * Math.sin(i + scale)));

/** A shape, and for each side which dimensions are repeated and how many leading ones are left out. */
const cases = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
  repeated: fc.tuple(fc.nat(15), fc.nat(15)),
  dropped: fc.nat(4),
});

describe('broadcasting arithmetic', () => {
  it.each(Object.entries(OPERATIONS))(
    'is %s of the elements that plain indexing pairs, whatever the shapes',
    (_, [op, plain]) => {
      fc.assert(
        fc.property(cases, ({ shape, repeated, dropped }) => {
          const side = (mask: number) => shape.map((length, k) => ((mask >> k) & 1 ? 1 : length));
          const [left, right] = [side(repeated[0]), side(repeated[1]).slice(dropped)];
          const [a, b] = [numbers(left, 2), numbers(right, 3)];
          const whole = shape.map((_length, k) => Math.max(left[k]!, right[k - shape.length + right.length] ?? 1));
          const expected = indices(whole).map((index) => Math.fround(plain(at(a, left, index), at(b, right, index))));
          tidy(() => {
            const result = op(tensor(a, left), tensor(b, right));
            expect(result.shape).toEqual(whole);
            expect([...result.dataSync()]).toEqual(expected);
          });
        }),
        { seed: 4, numRuns: 150 },
      );
    },
  );

  it('keeps integers whole, and leaks nothing', () => {
    const before = memory().numTensors;
    tidy(() => {
      const sum = add(tensor([1, 2, 3], [3], 'int32'), tensor([2 ** 24 + 1], [1], 'int32'));
      expect(sum.dtype).toBe('int32');
      expect([...sum.dataSync()]).toEqual([2 ** 24 + 2, 2 ** 24 + 3, 2 ** 24 + 4]);
      expect(mul(tensor([2], [1], 'int32'), tensor([0.5])).dtype).toBe('float32');
    });
    expect(memory().numTensors).toBe(before);
  });

  it('handles tensors without elements', () => {
    tidy(() => {
      expect(add(tensor([], [0, 3]), tensor([1, 2, 3])).shape).toEqual([0, 3]);
    });
  });
});
