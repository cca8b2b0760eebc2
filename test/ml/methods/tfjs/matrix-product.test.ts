import { matMul, memory, tensor, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import '../../../../src/ml/methods/tfjs/setup.ts';
import { signed } from '../../../support/hashed.ts';
import { table, total } from '../../../support/plain-arrays.ts';

const length = fc.integer({ min: 1, max: 9 });
const cases = fc.record({
  ...{ m: length, n: length, depth: fc.oneof(length, fc.constantFrom(511, 512, 513, 1030)) },
  ...{ turnA: fc.boolean(), turnB: fc.boolean(), batches: fc.constantFrom([1, 1], [3, 3], [3, 1], [1, 2]) },
});

describe('matrix products', () => {
  it('are sums of products, whatever the sizes, ways of storing and batches', () => {
    fc.assert(
      fc.property(cases, ({ m, n, depth, turnA, turnB, batches: [p = 1, q = 1] }) => {
        const [a, b] = [signed('a', p * m * depth), signed('b', q * n * depth)];
        const x = (batch: number, i: number, k: number) =>
          a[(batch % p) * m * depth + (turnA ? k * m + i : i * depth + k)]!;
        const y = (batch: number, j: number, k: number) =>
          b[(batch % q) * n * depth + (turnB ? j * depth + k : k * n + j)]!;
        const expected = Array.from({ length: Math.max(p, q) }, (_, batch) =>
          table(m, n, (i, j) => Math.fround(total(depth, (k) => x(batch, i, k) * y(batch, j, k)))),
        ).flat();
        tidy(() => {
          const product = matMul(
            tensor(a, turnA ? [p, depth, m] : [p, m, depth]),
            tensor(b, turnB ? [q, n, depth] : [q, depth, n]),
            turnA,
            turnB,
          );
          expect(product.shape).toEqual([Math.max(p, q), m, n]);
          // Sums in float64: all but the last rounding is lost in float32.
          product.dataSync().forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5));
        });
      }),
      { seed: 5, numRuns: 150 },
    );
  });

  it('of a matrix with itself have the bits that those with a copy have, and are symmetric', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 23 }), length, fc.boolean(), (n, depth, turned) => {
        tidy(() => {
          const shape: [number, number] = turned ? [depth, n] : [n, depth];
          const values = signed('rows', n * depth);
          const [rows, copy] = [tensor(values, shape), tensor(values.slice(), shape)];
          const gram = matMul(rows, rows, turned, !turned).dataSync();
          expect(gram).toEqual(matMul(rows, copy, turned, !turned).dataSync());
          expect([...gram]).toEqual(table(n, n, (i, j) => gram[j * n + i]!));
        });
      }),
      { seed: 6, numRuns: 80 },
    );
  });

  it('refuse matrices that do not meet, and leak nothing', () => {
    const before = memory().numTensors;
    tidy(() => {
      expect(() => matMul(tensor([1, 2, 3], [1, 3]), tensor([1, 2], [2, 1]))).toThrow();
      expect([...matMul(tensor([1, 2], [1, 2]), tensor([3, 4], [2, 1])).dataSync()]).toEqual([11]);
    });
    expect(memory().numTensors).toBe(before);
  });
});
