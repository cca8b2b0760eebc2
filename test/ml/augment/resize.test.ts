import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/ml/augment/image.ts';
import { resize, resizeShorterSide, sizeWithShorterSide } from '../../../src/ml/augment/resize.ts';
import { base64, fixture, noise, referencePicture, transformReference } from './transform-reference.ts';

/** Weights of the inputs of one output position: the triangle of the paper, not its fixed-point form. */
function triangle(input: number, output: number, position: number): number[] {
  const support = Math.max(input / output, 1);
  const centre = ((position + 0.5) * input) / output;
  const raw = Array.from({ length: input }, (_, x) => Math.max(0, 1 - Math.abs(x + 0.5 - centre) / support));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((weight) => weight / sum);
}

/** Both dimensions at once, in double precision, without any rounding. */
function triangleFiltered({ pixels, height, width }: RgbImage, toHeight: number, toWidth: number): number[] {
  const exact: number[] = [];
  for (let y = 0; y < toHeight; y++) {
    const rows = triangle(height, toHeight, y);
    for (let x = 0; x < toWidth; x++) {
      const columns = triangle(width, toWidth, x);
      for (let k = 0; k < 3; k++) {
        const row = (r: number) => columns.reduce((sum, c, i) => sum + c * pixels[(r * width + i) * 3 + k]!, 0);
        exact.push(rows.reduce((sum, weight, r) => (weight === 0 ? sum : sum + weight * row(r)), 0));
      }
    }
  }
  return exact;
}

describe('resizing', () => {
  it.each(transformReference.resize)(
    'gives Pillow’s pixels for picture $image with shorter side $shorter_side',
    async ({ image, shorter_side: side, size, rgb }) => {
      const made = resizeShorterSide(await referencePicture(image), side);
      expect([made.width, made.height]).toEqual(size);
      expect(base64(made)).toBe(rgb);
    },
  );

  it.each(fixture('resize.json') as readonly { from: [number, number]; to: [number, number]; sha256: string }[])(
    'gives Pillow’s bits for noise of $from made $to',
    ({ from: [width, height], to: [toWidth, toHeight], sha256 }) => {
      const made = resize(noise(width, height), toHeight, toWidth);
      expect([made.width, made.height, made.pixels.length]).toEqual([toWidth, toHeight, toWidth * toHeight * 3]);
      expect(createHash('sha256').update(made.pixels).digest('hex')).toBe(sha256);
    },
  );

  it.each(fixture('bicubic.json') as readonly { from: [number, number]; to: [number, number]; sha256: string }[])(
    'gives Pillow’s bits for noise of $from made $to, bicubic',
    ({ from: [width, height], to: [toWidth, toHeight], sha256 }) => {
      const made = resize(noise(width, height), toHeight, toWidth, 'bicubic');
      expect(createHash('sha256').update(made.pixels).digest('hex')).toBe(sha256);
    },
  );

  it('leaves a picture that has the size already as it is', () => {
    const picture = noise(9, 7);
    expect(resize(picture, 7, 9)).toBe(picture);
  });

  it('keeps a flat colour flat, black and white included, at any size', () => {
    const side = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(side, side, side, side, fc.constantFrom(0, 1, 127, 254, 255), (w, h, w2, h2, value) => {
        const flat = { pixels: new Uint8Array(w * h * 3).fill(value), height: h, width: w };
        expect(resize(flat, h2, w2).pixels.every((pixel) => pixel === value)).toBe(true);
      }),
    );
  });

  it('is within one level of the triangle filter in exact arithmetic', () => {
    const side = fc.integer({ min: 1, max: 24 });
    fc.assert(
      fc.property(side, side, side, side, (w, h, w2, h2) => {
        const image = noise(w, h);
        const exact = triangleFiltered(image, h2, w2);
        // Two roundings to 8 bits, ½ each; the second pass averages the first one's.
        resize(image, h2, w2).pixels.forEach((pixel, i) =>
          expect(Math.abs(pixel - exact[i]!)).toBeLessThanOrEqual(1.001),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same bits again after many other sizes', () => {
    const picture = noise(31, 23);
    const before = base64(resize(picture, 20, 27));
    for (let side = 1; side < 90; side++) resize(noise(5, 5), side, side);
    expect(base64(resize(picture, 20, 27))).toBe(before);
  });

  it('gives the same bits again after a picture so large that memory is let go', () => {
    const picture = noise(31, 23);
    const before = base64(resize(picture, 20, 27));
    const [width, height] = [5000, 4600];
    const large = resize({ pixels: new Uint8Array(width * height * 3).fill(7), height, width }, 3, 5);
    expect(large.pixels).toEqual(new Uint8Array(45).fill(7));
    expect(base64(resize(picture, 20, 27))).toBe(before);
  });

  it('gives a picture of its own, which no later one changes', () => {
    const made = resize(noise(31, 23), 20, 27);
    const before = base64(made);
    resize(noise(40, 40), 20, 27);
    expect(base64(made)).toBe(before);
    expect(made.pixels.buffer).toBeInstanceOf(ArrayBuffer);
  });
});

describe('the size with a given shorter side', () => {
  it.each([
    { image: { height: 375, width: 500 }, side: 224, size: { height: 224, width: 298 } },
    { image: { height: 500, width: 333 }, side: 246, size: { height: 369, width: 246 } },
    { image: { height: 100, width: 100 }, side: 30, size: { height: 30, width: 30 } },
    { image: { height: 3, width: 200 }, side: 2, size: { height: 2, width: 133 } },
    // 7 · 3 / 3 must not become 6.999…
    { image: { height: 3, width: 3 }, side: 7, size: { height: 7, width: 7 } },
  ])('truncates the longer side: $image at $side', ({ image, side, size }) => {
    expect(sizeWithShorterSide(image, side)).toEqual(size);
  });
});
