import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rotate, shearX, shearY, translateX, translateY } from '../../../src/ml/augment/affine.ts';
import { mirrorImage } from '../../support/mirror-image.ts';
import type { RgbImage } from '../../../src/ml/augment/image.ts';
import { noise } from './transform-reference.ts';

const side = fc.integer({ min: 1, max: 24 });
/** Exchanges rows and columns. */
function transposed({ pixels, height, width }: RgbImage): RgbImage {
  const target = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      target.set(pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), (x * height + y) * 3);
  return { pixels: target, height: width, width: height };
}
/** A pixel, black outside. */
function pixelAt({ pixels, height, width }: RgbImage, x: number, y: number): number[] {
  if (x < 0 || y < 0 || x >= width || y >= height) return [0, 0, 0];
  return [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}
const slope = fc.integer({ min: -99, max: 99 }).map((hundredths) => hundredths / 100);

describe('shearing', () => {
  it('moves each row to the left by the slope times its distance from the top, black behind it', () => {
    fc.assert(
      fc.property(side, side, slope, (width, height, by) => {
        const picture = noise(width, height);
        const made = shearX(picture, by);
        for (let y = 0; y < height; y++) {
          const shift = by * (y + 0.5);
          // Where the centre of a pixel falls on a border between two, 16 bits of fraction decide: not this law.
          if (Math.abs(shift + 0.5 - Math.round(shift + 0.5)) < 1e-3) continue;
          for (let x = 0; x < width; x++)
            expect(pixelAt(made, x, y)).toEqual(pixelAt(picture, Math.floor(x + 0.5 + shift), y));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('columns is shearing rows of the transposed picture', () => {
    fc.assert(
      fc.property(side, side, slope, (width, height, by) => {
        const picture = noise(width, height);
        expect(shearY(picture, by)).toEqual(transposed(shearX(transposed(picture), by)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('translating', () => {
  const distance = fc.integer({ min: -30, max: 30 });

  it('moves pixels right and down by whole pixels', () => {
    fc.assert(
      fc.property(side, side, distance, (width, height, by) => {
        const picture = noise(width, height);
        const [right, down] = [translateX(picture, by), translateY(picture, by)];
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            expect(pixelAt(right, x, y)).toEqual(pixelAt(picture, x - by, y));
            expect(pixelAt(down, x, y)).toEqual(pixelAt(picture, x, y - by));
          }
      }),
      { numRuns: 60 },
    );
  });

  it('drops fractions towards nothing', () => {
    for (const [given, whole] of [
      [2.99, 2],
      [-2.99, -2],
      [0.99, 0],
    ] as const)
      expect(translateX(noise(7, 5), given)).toEqual(translateX(noise(7, 5), whole));
  });
});

describe('rotating', () => {
  it('by half a turn turns both axes round, by a quarter counter-clockwise a square’s right side up', () => {
    fc.assert(
      fc.property(side, side, (width, height) => {
        const picture = noise(width, height);
        const upsideDown = transposed(mirrorImage(transposed(mirrorImage(picture))));
        expect(rotate(picture, 180)).toEqual(upsideDown);
        expect(rotate(picture, -180)).toEqual(upsideDown);
        const square = noise(width, width);
        expect(rotate(square, 90)).toEqual(transposed(mirrorImage(square)));
        expect(rotate(square, -90)).toEqual(mirrorImage(transposed(square)));
      }),
      { numRuns: 30 },
    );
  });

  it('takes each pixel from where the turn about the centre has it, as computed without fixed point', () => {
    fc.assert(
      fc.property(side, side, fc.integer({ min: -135, max: 135 }), (width, height, angle) => {
        const picture = noise(width, height);
        const made = rotate(picture, angle);
        const [sine, cosine] = [Math.sin((angle * Math.PI) / 180), Math.cos((angle * Math.PI) / 180)];
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const [fromX, fromY] = [x + 0.5 - width / 2, y + 0.5 - height / 2];
            const exact = [cosine * fromX - sine * fromY + width / 2, sine * fromX + cosine * fromY + height / 2];
            // Within 24 steps of 2⁻¹⁷ of a border between two pixels, fixed point may say the other.
            if (exact.some((value) => Math.abs(value - Math.round(value)) < 5e-4)) continue;
            expect(pixelAt(made, x, y)).toEqual(pixelAt(picture, Math.floor(exact[0]!), Math.floor(exact[1]!)));
          }
      }),
      { numRuns: 60 },
    );
  });
});
