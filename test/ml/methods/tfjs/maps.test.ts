import { grad, grads, memory, mul, reshape, sum, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnEnergies,
  columnGram,
  columnMeans,
  columnSpreads,
  rowGram,
} from '../../../../src/ml/methods/tfjs/columns.ts';
import { channelDistances, pixelEnergies, stretch } from '../../../../src/ml/methods/tfjs/maps.ts';
import '../../../../src/ml/methods/tfjs/setup.ts';
import { signed } from '../../../support/hashed.ts';
import { largestDifference } from '../../../support/loss-reference.ts';
import { at, slopes, table, total, type Columns } from '../../../support/plain-arrays.ts';

const SHAPE = { images: 2, pixels: 6, channels: 5 };
const { images, pixels, channels } = SHAPE;
const size = images * pixels * channels;
const of = (values: ArrayLike<number>): Columns => ({ ...SHAPE, values });
const perColumn = (reduce: (image: number, channel: number) => number) => table(images, channels, reduce);
const mean = (f: Columns, image: number, channel: number) => total(pixels, (p) => at(f, image, p, channel)) / pixels;

type Oracle = (f: Columns) => number[];
/** Operations on [N, P, C], and what they are in loops. */
const operations: readonly (readonly [string, (map: Tensor3D) => Tensor, Oracle])[] = [
  ['means of columns', columnMeans, (f) => perColumn((n, c) => mean(f, n, c))],
  ['energies of columns', columnEnergies, (f) => perColumn((n, c) => total(pixels, (p) => at(f, n, p, c) ** 2))],
  [
    'spreads of columns',
    columnSpreads,
    (f) => perColumn((n, c) => total(pixels, (p) => (at(f, n, p, c) - mean(f, n, c)) ** 2)),
  ],
  [
    'Gram matrices of columns',
    columnGram,
    (f) =>
      Array.from({ length: images }, (_, n) =>
        table(channels, channels, (i, j) => total(pixels, (p) => at(f, n, p, i) * at(f, n, p, j))),
      ).flat(),
  ],
  [
    'Gram matrix of rows',
    (map) => rowGram(reshape<Rank.R2>(map, [images, -1])),
    ({ values }) => {
      const width = pixels * channels;
      return table(images, images, (i, j) => total(width, (k) => values[i * width + k]! * values[j * width + k]!));
    },
  ],
  [
    'energies of pixels',
    (map) => pixelEnergies(reshape<Rank.R4>(map, [images, 2, 3, channels])),
    (f) => table(images, pixels, (n, p) => total(channels, (c) => at(f, n, p, c) ** 2)),
  ],
];

describe.each(operations)('%s', (_, operation, oracle) => {
  const values = signed('map', size);

  it('are what loops compute', () => {
    tidy(() => {
      const result = operation(tensor(values, [images, pixels, channels]));
      expect(largestDifference(result.dataSync(), oracle(of(values)))).toBeLessThan(1e-6);
    });
  });

  it('have the gradient of those loops, by differences in float64', () => {
    tidy(() => {
      const map: Tensor3D = tensor(values, [images, pixels, channels]);
      const weights = signed('weights', operation(map).size);
      const gradient = grad((x: Tensor) => {
        const result = operation(x as Tensor3D);
        return sum(mul(result, tensor(weights, result.shape)));
      })(map);
      const expected = slopes((moved) => {
        const result = oracle(of(moved));
        return total(result.length, (i) => weights[i]! * result[i]!);
      }, values);
      expect(gradient.shape).toEqual(map.shape);
      expect(largestDifference(gradient.dataSync(), expected)).toBeLessThan(1e-6);
    });
  });

  it('leak nothing', () => {
    const before = memory().numTensors;
    tidy(() => {
      grad((x: Tensor) => sum(operation(x as Tensor3D)))(tensor(values, [images, pixels, channels]));
    });
    expect(memory().numTensors).toBe(before);
  });
});

describe('squared distances', () => {
  const [a, b] = [signed('a', size), signed('b', size)];

  it('are sums of squared differences of each channel', () => {
    const expected = Array.from({ length: channels }, (_, c) =>
      total(size / channels, (row) => (a[row * channels + c]! - b[row * channels + c]!) ** 2),
    );
    tidy(() => {
      const sides = [a, b].map((values) => tensor(values, [images, pixels, channels])) as [Tensor, Tensor];
      expect(largestDifference(channelDistances(...sides).dataSync(), expected)).toBeLessThan(1e-6);
    });
  });

  it('have opposite gradients on both sides', () => {
    tidy(() => {
      const sides = [a, b].map((values) => tensor(values, [images, pixels, channels])) as [Tensor, Tensor];
      const [left, right] = grads((x: Tensor, y: Tensor) => mul(sum(channelDistances(x, y)), 3))(sides);
      const expected = [...a].map((value, i) => 6 * (value - b[i]!));
      expect(largestDifference(left!.dataSync(), expected)).toBeLessThan(1e-6);
      expect(
        largestDifference(
          right!.dataSync(),
          expected.map((slope) => -slope),
        ),
      ).toBeLessThan(1e-6);
    });
  });
});

describe('stretched maps', () => {
  const side = fc.integer({ min: 1, max: 5 });

  it('repeat pixel ⌊i · from/to⌋, and gather the gradient of every repetition', () => {
    fc.assert(
      fc.property(side, side, fc.nat(4), fc.nat(4), (height, width, taller, wider) => {
        const to = { height: height + taller, width: width + wider };
        const values = signed('map', 2 * height * width * 3);
        const source = (n: number, y: number, x: number, c: number) =>
          ((n * height + Math.floor((y * height) / to.height)) * width + Math.floor((x * width) / to.width)) * 3 + c;
        const sources = Array.from({ length: 2 * to.height * to.width * 3 }, (_, i) => {
          const [c, x] = [i % 3, Math.floor(i / 3) % to.width];
          const [y, n] = [Math.floor(i / 3 / to.width) % to.height, Math.floor(i / 3 / to.width / to.height)];
          return source(n, y, x, c);
        });
        const weights = signed('weights', sources.length);
        const slope = new Float32Array(values.length);
        sources.forEach((from, i) => (slope[from]! += weights[i]!));
        tidy(() => {
          const map: Tensor4D = tensor(values, [2, height, width, 3]);
          const large = stretch(map, to);
          expect([...large.dataSync()]).toEqual(sources.map((from) => values[from]));
          const gradient = grad((x: Tensor) => sum(mul(stretch(x as Tensor4D, to), tensor(weights, large.shape))))(map);
          expect(largestDifference(gradient.dataSync(), slope)).toBeLessThan(1e-6);
        });
      }),
      { seed: 3, numRuns: 60 },
    );
  });
});
