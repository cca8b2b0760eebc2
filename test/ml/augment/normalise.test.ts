import { describe, expect, it } from 'vitest';
import { cropImage } from '../../../src/ml/augment/crop.ts';
import { normalisationTable, writeNormalised } from '../../../src/ml/augment/normalise.ts';
import { referencePicture, transformReference } from './transform-reference.ts';

const { mean, std, value, image_mean, image_std_unbiased } = transformReference.normalise;

describe('normalising', () => {
  it('gives torchvision’s values, to the float32 rounding of its own three steps', async () => {
    const picture = await referencePicture('a');
    const values = new Float32Array(30 * 30 * 3);
    const target = { values, offset: 0, side: 30 };
    writeNormalised(picture, { top: 0, left: 0, mirrored: false }, normalisationTable(mean, std), target);
    value.forEach((expected, channel) => expect(values[channel]).toBeCloseTo(expected, 6));
  });

  it('gives the mean and deviation of a whole picture that PyTorch gives', async () => {
    const { pixels } = await referencePicture('a');
    const table = normalisationTable(mean, std);
    for (const channel of [0, 1, 2]) {
      const seen = Array.from(
        pixels.filter((_, i) => i % 3 === channel),
        (pixel) => table[channel * 256 + pixel]!,
      );
      const average = seen.reduce((sum, x) => sum + x, 0) / seen.length;
      const squares = seen.reduce((sum, x) => sum + (x - average) ** 2, 0);
      // PyTorch sums the 1200 values of the reference in float32.
      expect(average).toBeCloseTo(image_mean[channel]!, 5);
      expect(Math.sqrt(squares / (seen.length - 1))).toBeCloseTo(image_std_unbiased[channel]!, 5);
    }
  });

  it('writes a crop, mirrored or not, where it is told and nowhere else', async () => {
    const picture = await referencePicture('b');
    const table = normalisationTable([0, 0, 0], [1 / 255, 1 / 255, 1 / 255]);
    for (const isMirrored of [false, true]) {
      const place = { top: 11, left: 5, mirrored: isMirrored };
      const values = new Float32Array(7 + 20 * 20 * 3 + 7).fill(-1);
      writeNormalised(picture, place, table, { values, offset: 7, side: 20 });
      const { pixels } = cropImage(picture, place, 20);
      const rounded = Array.from(values, Math.round);
      expect(rounded).toEqual([...new Array<number>(7).fill(-1), ...pixels, ...new Array<number>(7).fill(-1)]);
    }
  });
});
