import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centreCrop, cropImage, randomCrop, tenCrops } from '../../../src/ml/augment/crop.ts';
import { mirrorImage } from '../../support/mirror-image.ts';
import { resizeShorterSide } from '../../../src/ml/augment/resize.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { base64, referencePicture, transformReference } from './transform-reference.ts';

const fitting = transformReference.center_crop.filter(({ crop }) => crop <= 25);

describe('the centre crop', () => {
  it.each(fitting)('is torchvision’s for picture $image at $crop', async ({ image, crop, rgb }) => {
    const picture = await referencePicture(image);
    expect(base64(cropImage(picture, centreCrop(picture, crop), crop))).toBe(rgb);
  });

  it.each(transformReference.val)(
    'after resizing is the validation transform: $image, S $S',
    async ({ image, S, rgb }) => {
      const small = resizeShorterSide(await referencePicture(image), S);
      expect(base64(cropImage(small, centreCrop(small, S), S))).toBe(rgb);
    },
  );

  it.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 2],
    [7, 4],
  ])('rounds half of a margin of %i to the even neighbour %i', (margin, offset) => {
    expect(centreCrop({ height: 10 + margin, width: 10 }, 10)).toEqual({ top: offset, left: 0, mirrored: false });
  });
});

describe('ten crops', () => {
  it.each(transformReference.ten_crop)('are torchvision’s, in its order: $image', async ({ image, S, R, crops }) => {
    const picture = resizeShorterSide(await referencePicture(image), R);
    expect(tenCrops(picture, S).map((place) => base64(cropImage(picture, place, S)))).toEqual(crops);
  });

  it('lie within the picture, and are five whole pictures when there is no margin', () => {
    const side = fc.integer({ min: 5, max: 40 });
    fc.assert(
      fc.property(side, side, (height, width) => {
        const places = tenCrops({ height, width }, 5);
        expect(places.map((place) => place.mirrored)).toEqual([
          ...Array<boolean>(5).fill(false),
          ...Array<boolean>(5).fill(true),
        ]);
        for (const { top, left } of places) {
          expect(Math.min(top, left, height - 5 - top, width - 5 - left)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
    for (const { top, left } of tenCrops({ height: 5, width: 5 }, 5)) expect([top, left]).toEqual([0, 0]);
  });

  it('of a mirrored picture are the same ten, in the other halves', async () => {
    const picture = resizeShorterSide(await referencePicture('a'), 27);
    const other = mirrorImage(picture);
    const ten = tenCrops(picture, 24).map((place) => base64(cropImage(picture, place, 24)));
    const swapped = tenCrops(other, 24).map((place) => base64(cropImage(other, place, 24)));
    expect(swapped).toEqual([...ten.slice(5), ...ten.slice(0, 5)]);
  });
});

describe('a random crop', () => {
  it('lies within the picture, whatever is drawn', () => {
    const margin = fc.integer({ min: 0, max: 40 });
    const draw = fc.double({ min: 0, max: 1 - 2 ** -32, noNaN: true });
    fc.assert(
      fc.property(margin, margin, draw, draw, (high, wide, first, second) => {
        const draws = [first, second];
        const place = randomCrop({ height: 8 + high, width: 8 + wide }, 8, () => draws.shift() ?? NaN);
        expect(place.top).toBe(Math.floor(first * (high + 1)));
        expect(place.left).toBe(Math.floor(second * (wide + 1)));
        expect(place.top).toBeLessThanOrEqual(high);
        expect(place.left).toBeLessThanOrEqual(wide);
      }),
    );
  });

  it('is as likely in any of the nine positions of a margin of 2', () => {
    const counts = new Array<number>(9).fill(0);
    for (let index = 0; index < 9000; index++) {
      const { top, left } = randomCrop({ height: 12, width: 12 }, 10, uniforms(0, 'augment', 0, index));
      counts[top * 3 + left]!++;
    }
    // Binomial(9000, 1/9): standard deviation 30; five of them.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('mirroring', () => {
  it('turns rows round and keeps pixels whole', () => {
    const picture = { pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), height: 2, width: 2 };
    const mirrored = cropImage(picture, { top: 0, left: 0, mirrored: true }, 2);
    expect([...mirrored.pixels]).toEqual([4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
    expect(mirrored).toEqual(mirrorImage(picture));
  });
});
