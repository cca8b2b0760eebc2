import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunningStatistics } from '../../../src/ml/data/statistics.ts';
import { referencePicture, transformReference } from '../augment/transform-reference.ts';
import { failuresOf, picture } from './samples.ts';

/** Mean and unbiased deviation of values scaled to [0, 1]. */
function plain(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value / 255, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value / 255 - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}

function statisticsOf(images: Parameters<RunningStatistics['add']>[0][]) {
  const statistics = new RunningStatistics();
  images.forEach((image) => statistics.add(image));
  return statistics.result();
}

describe('statistics of a dataset', () => {
  it('are PyTorch’s mean and unbiased deviation of one picture', async () => {
    const { mean, std, image_mean: means, image_std_unbiased: stds } = transformReference.normalise;
    const seen = statisticsOf([await referencePicture('a')]);
    // The reference is of the normalised picture: x = normalised · std + mean.
    for (const channel of [0, 1, 2]) {
      expect(seen.mean[channel]).toBeCloseTo(means[channel]! * std[channel]! + mean[channel]!, 6);
      expect(seen.std[channel]).toBeCloseTo(stds[channel]! * std[channel]!, 6);
    }
  });

  it('count every picture equally, whatever its size', () => {
    const [small, large] = [picture(1, 4, 4), picture(2, 40, 30)];
    const both = statisticsOf([small, large]);
    for (const channel of [0, 1, 2]) {
      const alone = [small, large].map((image) => statisticsOf([image]));
      expect(both.mean[channel]).toBeCloseTo((alone[0]!.mean[channel]! + alone[1]!.mean[channel]!) / 2, 12);
      expect(both.std[channel]).toBeCloseTo((alone[0]!.std[channel]! + alone[1]!.std[channel]!) / 2, 12);
    }
  });

  it('equal a plain two-pass computation', () => {
    const size = fc.integer({ min: 2, max: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), size, size), { minLength: 1, maxLength: 6 }), (shapes) => {
        const images = shapes.map(([number, width, height]) => picture(number, width, height));
        const seen = statisticsOf(images);
        for (const channel of [0, 1, 2]) {
          const parts = images.map(({ pixels }) => plain(Array.from(pixels.filter((_, i) => i % 3 === channel))));
          const average = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
          expect(seen.mean[channel]).toBeCloseTo(average(parts.map(({ mean }) => mean)), 12);
          expect(seen.std[channel]).toBeCloseTo(average(parts.map(({ std }) => std)), 12);
        }
      }),
    );
  });

  it('of pictures without contrast are refused: nothing to divide by', async () => {
    const flat = { pixels: new Uint8Array(48).fill(77), height: 4, width: 4 };
    expect(await failuresOf(() => statisticsOf([flat, flat]))).toMatchObject([{ code: 'no-contrast' }]);
  });
});
