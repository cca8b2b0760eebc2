import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bits, permutation, uniforms, type Stream } from '../../../src/ml/random/random.ts';

const STREAMS: readonly Stream[] = ['init', 'split', 'shuffle', 'augment', 'dropout', 'mask', 'mix', 'depth'];
const counter = fc.nat({ max: 2 ** 31 - 1 });

/** The 32-bit finaliser of MurmurHash3 in exact integers: an oracle without Math.imul. */
function exactMix(value: bigint): bigint {
  let x = value & 0xffffffffn;
  x = ((x ^ (x >> 16n)) * 0x85ebca6bn) & 0xffffffffn;
  x = ((x ^ (x >> 13n)) * 0xc2b2ae35n) & 0xffffffffn;
  return x ^ (x >> 16n);
}

describe('bits', () => {
  it('equal the same hash in exact integers', () => {
    fc.assert(
      fc.property(counter, counter, counter, (seed, step, index) => {
        const keyed = exactMix(exactMix(BigInt(seed ^ 0xc2b2ae35)) + BigInt(step) * 0x9e3779b1n);
        const expected = exactMix(keyed + BigInt(index) * 0x9e3779b1n + 0x7f4a7c15n);
        expect(bits(seed, 'augment', step, index)).toBe(Number(expected));
      }),
    );
  });

  it('stay what they are: runs that are resumed by a later version draw the same', () => {
    expect(STREAMS.map((stream) => bits(0, stream, 0, 0))).toMatchInlineSnapshot(`
      [
        2069405716,
        1194042179,
        1208693407,
        1915689913,
        2821742784,
        3307310306,
        1506542602,
        2537850759,
      ]
    `);
    expect(STREAMS.map((stream) => bits(7, stream, 3, 11))).toMatchInlineSnapshot(`
      [
        2829636022,
        837052243,
        3966254093,
        2714834379,
        2311974449,
        1016950906,
        3275013863,
        3300717857,
      ]
    `);
  });

  it('of different seeds, streams, steps and indices are unrelated', () => {
    const draws = { seed: 0, stream: 0, step: 0, index: 0 };
    const n = 4000;
    for (let i = 0; i < n; i++) {
      const here = bits(i, 'init', 5, 9);
      draws.seed += agreeing(here, bits(i + 1, 'init', 5, 9));
      draws.stream += agreeing(here, bits(i, 'mask', 5, 9));
      draws.step += agreeing(here, bits(i, 'init', 6, 9));
      draws.index += agreeing(here, bits(i, 'init', 5, 10));
    }
    // Each of the 32 bits agrees with probability ½: 16 on average, standard deviation of the mean 0.045.
    for (const total of Object.values(draws)) expect(Math.abs(total / n - 16)).toBeLessThan(0.25);
  });
});

function agreeing(a: number, b: number): number {
  let different = (a ^ b) >>> 0;
  let count = 32;
  for (; different !== 0; different &= different - 1) count--;
  return count;
}

describe('uniform numbers', () => {
  it('lie in [0, 1) and have the mean and variance of a uniform distribution', () => {
    const draws = Array.from({ length: 200 }, (_, index) => {
      const uniform = uniforms(1, 'augment', 2, index);
      return Array.from({ length: 50 }, uniform);
    }).flat();
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    // 10,000 draws: standard deviations 0.0029 and 0.00075; four of them.
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.012);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003);
  });

  it('of neighbouring indices, steps and seeds are uncorrelated', () => {
    const n = 4000;
    const pairs: Readonly<Record<string, (i: number) => readonly [number, number]>> = {
      index: (i) => [uniforms(0, 'augment', 0, i)(), uniforms(0, 'augment', 0, i + 1)()],
      step: (i) => [uniforms(0, 'augment', i, 0)(), uniforms(0, 'augment', i + 1, 0)()],
      seed: (i) => [uniforms(i, 'augment', 0, 0)(), uniforms(i + 1, 'augment', 0, 0)()],
      draw: (i) => {
        const uniform = uniforms(0, 'augment', 0, i);
        return [uniform(), uniform()];
      },
    };
    for (const pair of Object.values(pairs)) {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const [a, b] = pair(i);
        sum += (a - 0.5) * (b - 0.5) * 12;
      }
      // The correlation of n independent pairs has a standard deviation of 1/√n = 0.016; four of them.
      expect(Math.abs(sum / n)).toBeLessThan(0.064);
    }
  });

  it('repeat from the start with every new sequence', () => {
    const [one, other] = [uniforms(3, 'init', 0, 4), uniforms(3, 'init', 0, 4)];
    const first = [one(), one(), one()];
    expect([other(), other(), other()]).toEqual(first);
    expect(new Set(first).size).toBe(3);
  });
});

describe('a permutation', () => {
  it('holds every index once', () => {
    fc.assert(
      fc.property(fc.nat({ max: 500 }), counter, counter, (n, seed, step) => {
        const order = [...permutation(n, seed, 'shuffle', step)];
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, index) => index));
      }),
    );
  });

  it('takes each of the 24 orders of 4 equally often', () => {
    const counts = new Map<string, number>();
    for (let step = 0; step < 24_000; step++) {
      const order = permutation(4, 0, 'shuffle', step).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // χ² with 23 degrees of freedom: above 49.7 with probability 0.001.
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(49.7);
  });

  it('depends on seed, stream and step', () => {
    const orders = [
      permutation(50, 0, 'shuffle', 0),
      permutation(50, 1, 'shuffle', 0),
      permutation(50, 0, 'split', 0),
      permutation(50, 0, 'shuffle', 1),
    ].map((order) => order.join());
    expect(new Set(orders).size).toBe(4);
    expect(permutation(50, 0, 'shuffle', 0).join()).toBe(orders[0]);
  });
});
