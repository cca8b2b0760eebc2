import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dominant, mixImages, mixings, partnersOf, type Mix } from '../../../src/ml/augment/mix.ts';
import { uniforms } from '../../../src/ml/random/random.ts';

const SIDE = 12;
const LENGTH = SIDE * SIDE * 3;
const draws = (name: 'mixup' | 'cutmix', side = SIDE, count = 20_000): Mix[] =>
  Array.from({ length: count }, (_, batch) => mixings[name].draw(side, 1, uniforms(0, 'mix', 0, batch)));

/** Pictures whose every value is the picture's number plus a little that depends on the place. */
const batchOf = (count: number): Float32Array =>
  Float32Array.from({ length: count * LENGTH }, (_, i) => Math.floor(i / LENGTH) + (i % LENGTH) / 1024);
const area = ({ box }: Mix): number => (box ? (box.bottom - box.top) * (box.right - box.left) : SIDE * SIDE);

describe('mixup', () => {
  it('draws shares of a uniform distribution and mixes everywhere', () => {
    const mixes = draws('mixup');
    expect(mixes.every(({ box }) => box === null)).toBe(true);
    for (let tenth = 0; tenth < 10; tenth++) {
      const seen = mixes.filter(({ share }) => Math.floor(share * 10) === tenth).length;
      // Binomial(20000, 0.1): standard deviation 42; five of them.
      expect(Math.abs(seen - 2000)).toBeLessThan(212);
    }
  });

  it('makes λ · picture + (1 − λ) · partner, the partner being the picture before, of the first the last', () => {
    const images = batchOf(3);
    const before = images.slice();
    mixImages(images, SIDE, { share: 0.75, box: null });
    images.forEach((value, i) => {
      const partner = before[(i + 2 * LENGTH) % (3 * LENGTH)]!;
      expect(value).toBe(Math.fround(0.75 * before[i]! + 0.25 * partner));
    });
    expect([...partnersOf(Int32Array.of(7, 8, 9))]).toEqual([9, 7, 8]);
  });
});

describe('CutMix', () => {
  it('has the share of the pixels that stay', () => {
    for (const mix of draws('cutmix')) expect(mix.share).toBeCloseTo(1 - area(mix) / SIDE ** 2, 12);
  });

  it('draws boxes inside the picture, of a uniform area before the border cuts them', () => {
    const side = 1000;
    const mixes = draws('cutmix', side);
    for (const { box } of mixes) {
      expect(Math.min(box!.top, box!.left, side - box!.bottom, side - box!.right)).toBeGreaterThanOrEqual(0);
      expect(box!.bottom).toBeGreaterThanOrEqual(box!.top);
    }
    const whole = mixes
      .map(({ box }) => box!)
      .filter(({ top, left, bottom, right }) => top * left > 0 && Math.max(bottom, right) < side);
    // Of half extent h, a centre leaves the box whole with probability (1 − 2h)², 2h = √a and a uniform:
    // ∫ (1 − √a)² da = 1/6.
    expect(whole.length / mixes.length).toBeCloseTo(1 / 6, 2);
    const mean = whole.reduce((sum, { top, bottom }) => sum + (bottom - top) / side, 0) / whole.length;
    // Their mean extent: ∫ √a (1 − √a)² da = 1/15, over 1/6.
    expect(Math.abs(mean - 6 / 15)).toBeLessThan(0.02);
  });

  it('puts the partner’s pixels into the box and leaves all others alone', () => {
    const images = batchOf(4);
    const before = images.slice();
    const box = { top: 2, left: 5, bottom: 7, right: 12 };
    mixImages(images, SIDE, { share: 1 - 35 / 144, box });
    images.forEach((value, i) => {
      const place = i % LENGTH;
      const [row, column] = [Math.floor(place / (SIDE * 3)), Math.floor(place / 3) % SIDE];
      const inside = row >= box.top && row < box.bottom && column >= box.left && column < box.right;
      expect(value).toBe(inside ? before[(i + 3 * LENGTH) % (4 * LENGTH)] : before[i]);
    });
  });
});

describe('either mixing', () => {
  it.each(['mixup', 'cutmix'] as const)(
    'keeps the batch’s sum where labels’ weights are pixels’ shares: %s',
    (name) => {
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (seed, count) => {
          // Each picture is of one colour, its number: its mean tells how much of it is whose.
          const images = Float32Array.from({ length: count * LENGTH }, (_, i) => Math.floor(i / LENGTH));
          const mix = mixings[name].draw(SIDE, 1, uniforms(seed, 'mix', 0, 0));
          mixImages(images, SIDE, mix);
          for (let index = 0; index < count; index++) {
            const mean =
              images.subarray(index * LENGTH, (index + 1) * LENGTH).reduce((sum, value) => sum + value, 0) / LENGTH;
            expect(mean).toBeCloseTo(mix.share * index + (1 - mix.share) * ((index + count - 1) % count), 5);
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it('is none where none is asked for', () => {
    expect(mixings.none.draw(SIDE, 1, () => 0)).toBeNull();
  });

  it('leaves a batch of one picture as it is', () => {
    for (const mix of [...draws('mixup', SIDE, 20), ...draws('cutmix', SIDE, 20)]) {
      const images = batchOf(1);
      mixImages(images, SIDE, mix);
      images.forEach((value, i) => expect(value).toBeCloseTo(i / 1024, 6));
    }
  });
});

describe('what a mixed picture is taken for', () => {
  it('is its own where it has half or more, or is not mixed, else its partner', () => {
    const of = (share: number) => dominant({ share }, 'own', () => 'partner');
    expect([of(1), of(0.5), of(0.499), of(0)]).toEqual(['own', 'own', 'partner', 'partner']);
    expect(dominant(null, 'own', () => 'partner')).toBe('own');
  });
});
