import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/ml/augment/image.ts';
import { padImage } from '../../../src/ml/augment/pad.ts';

/** 2 × 3 pixels, red: 1 … 6. */
const picture = {
  pixels: Uint8Array.from({ length: 18 }, (_, at) => (at % 3 === 0 ? at / 3 + 1 : 0)),
  height: 2,
  width: 3,
};
const redOf = ({ pixels, width }: RgbImage): number[][] =>
  Array.from({ length: pixels.length / 3 / width }, (_, row) =>
    Array.from({ length: width }, (_, column) => pixels[(row * width + column) * 3] ?? NaN),
  );

describe('a picture that is widened', () => {
  it('has black around it', () => {
    expect(redOf(padImage(picture, 1, 'constant'))).toEqual([
      [0, 0, 0, 0, 0],
      [0, 1, 2, 3, 0],
      [0, 4, 5, 6, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it('is mirrored at its edge, which is not repeated: as torchvision’s pad, of numpy’s reflect', () => {
    expect(redOf(padImage(picture, 1, 'reflect'))).toEqual([
      [5, 4, 5, 6, 5],
      [2, 1, 2, 3, 2],
      [5, 4, 5, 6, 5],
      [2, 1, 2, 3, 2],
    ]);
  });

  it('is mirrored again and again where it is smaller than what is added', () => {
    expect(redOf(padImage(picture, 3, 'reflect'))[3]).toEqual([2, 3, 2, 1, 2, 3, 2, 1, 2]);
    expect(
      redOf(padImage({ ...picture, pixels: picture.pixels.subarray(0, 3), height: 1, width: 1 }, 2, 'reflect'))[0],
    ).toEqual([1, 1, 1, 1, 1]);
  });
});
