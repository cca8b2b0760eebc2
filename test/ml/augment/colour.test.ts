import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  autoContrast,
  brightness,
  colour,
  contrast,
  equalize,
  invert,
  posterize,
  sharpness,
  solarize,
} from '../../../src/ml/augment/colour.ts';
import type { RgbImage } from '../../../src/ml/augment/image.ts';
import { muted, noise } from './transform-reference.ts';

/** Values of one channel. */
const channel = ({ pixels }: RgbImage, k: number): number[] => [...pixels].filter((_, i) => i % 3 === k);
const minimum = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
const maximum = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
const picture = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.boolean())
  .map(([width, height, isMuted]) => (isMuted ? muted(noise(width, height)) : noise(width, height)));
const check = (law: (image: RgbImage) => void): void =>
  fc.assert(
    fc.property(picture, (image) => {
      law(image);
    }),
    { numRuns: 60 },
  );

describe('an enhancement by −1', () => {
  it('of brightness is black', () => {
    check((image) => expect(maximum([...brightness(image, -1).pixels])).toBe(0));
  });

  it('of colour is the luminance in all channels, by the weights of ITU-R 601-2', () => {
    check((image) => {
      const grey = colour(image, -1);
      expect(channel(grey, 1)).toEqual(channel(grey, 0));
      expect(channel(grey, 2)).toEqual(channel(grey, 0));
      const [red, green, blue] = [0, 1, 2].map((k) => channel(image, k));
      channel(grey, 0).forEach((value, i) => {
        const exact = 0.299 * red![i]! + 0.587 * green![i]! + 0.114 * blue![i]!;
        expect(Math.abs(value - exact)).toBeLessThan(0.51);
      });
    });
  });

  it('of contrast is one grey: the mean of the luminance', () => {
    check((image) => {
      const luminances = channel(colour(image, -1), 0);
      const mean = luminances.reduce((sum, value) => sum + value, 0) / luminances.length;
      expect(new Set(contrast(image, -1).pixels)).toEqual(new Set([Math.floor(mean + 0.5)]));
    });
  });

  it('of sharpness is the 3×3 mean that counts the centre five times, but for the border', () => {
    check((image) => {
      const { pixels, width, height } = image;
      const smooth = sharpness(image, -1).pixels;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let k = 0; k < 3; k++) {
            const at = (row: number, column: number): number => pixels[(row * width + column) * 3 + k]!;
            const isBorder = y === 0 || x === 0 || y === height - 1 || x === width - 1;
            const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [y + dy, x + dx] as const));
            const sum = (): number => around.reduce((total, [row, column]) => total + at(row, column), 4 * at(y, x));
            expect(smooth[(y * width + x) * 3 + k]).toBe(isBorder ? at(y, x) : Math.round(sum() / 13));
          }
    });
  });
});

describe('an enhancement beyond the picture', () => {
  it('is clipped, not wrapped', () => {
    const white = { pixels: Uint8Array.of(200, 255, 3), height: 1, width: 1 };
    expect([...brightness(white, 0.9).pixels]).toEqual([255, 255, 5]);
    // Luminance 210: 200 moves away from it by 0.9 · 10, the others by more than there is.
    expect([...colour(white, 0.9).pixels]).toEqual([191, 255, 0]);
  });

  it('moves every value away from the grey that less of it moves it to', () => {
    check((image) => {
      const [less, more, grey] = [contrast(image, -0.5), contrast(image, 0.5), contrast(image, -1)].map(
        (of) => of.pixels,
      );
      image.pixels.forEach((value, i) => {
        const direction = Math.sign(value - grey![i]!);
        expect(direction * (more![i]! - value)).toBeGreaterThanOrEqual(direction === 0 ? 0 : -1);
        expect(direction * (value - less![i]!)).toBeGreaterThanOrEqual(direction === 0 ? 0 : -1);
      });
    });
  });
});

describe('a table of values', () => {
  it('of Posterize keeps the upper bits and takes the rest away', () => {
    const all = { pixels: Uint8Array.from({ length: 768 }, (_, i) => i & 255), height: 16, width: 16 };
    for (let bits = 0; bits <= 8; bits++) {
      const step = 2 ** (8 - bits);
      const made = posterize(all, bits + 0.9).pixels;
      made.forEach((value, i) => expect(value).toBe(Math.floor(all.pixels[i]! / step) * step));
    }
  });

  it('of Solarize inverts from the threshold on, so that 0 is Invert and 256 nothing', () => {
    check((image) => {
      expect(solarize(image, 0)).toEqual(invert(image));
      expect(solarize(image, 256)).toEqual(image);
      const made = solarize(image, 113.3).pixels;
      made.forEach((value, i) =>
        expect(value).toBe(image.pixels[i]! < 113.3 ? image.pixels[i] : 255 - image.pixels[i]!),
      );
    });
  });
});

describe('a table made of the histogram', () => {
  it('of AutoContrast uses the whole range of every channel that has one', () => {
    check((image) => {
      const made = autoContrast(image);
      for (const k of [0, 1, 2]) {
        const before = channel(image, k);
        const after = channel(made, k);
        if (minimum(before) === maximum(before)) expect(after).toEqual(before);
        else expect(minimum(after)).toBe(0);
        // Pillow drops the fraction of what should be 255.
        if (minimum(before) < maximum(before)) expect(maximum(after)).toBeGreaterThanOrEqual(254);
      }
    });
  });

  it.each([
    ['AutoContrast', autoContrast],
    ['Equalize', equalize],
  ])('of %s keeps the order of values within a channel, each channel for itself', (_, operation) => {
    check((image) => {
      const made = operation(image);
      for (const k of [0, 1, 2]) {
        const pairs = channel(image, k).map((value, i) => [value, channel(made, k)[i]!] as const);
        pairs.sort(([a], [b]) => a - b);
        pairs.slice(1).forEach(([, value], i) => expect(value).toBeGreaterThanOrEqual(pairs[i]![1]));
      }
    });
  });

  it('of Equalize makes a dark picture’s values evenly frequent', () => {
    const dark = { pixels: Uint8Array.from(noise(96, 96).pixels, (value) => value >> 3), height: 96, width: 96 };
    const values = channel(equalize(dark), 0);
    // 32 values, even: each quarter of the range holds about a quarter of the pixels.
    for (const quarter of [0, 1, 2, 3]) {
      const share = values.filter((value) => value >> 6 === quarter).length / values.length;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.04);
    }
    expect(maximum(values)).toBe(255);
  });
});
