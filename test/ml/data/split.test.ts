import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evenShares, SPLITS, splitImages, type Labelled, type SplitOptions } from '../../../src/ml/data/split.ts';
import { failuresOf } from './samples.ts';

const rule: SplitOptions = { val: 0.2, test: 0.2, seed: 0, limit: {} };

/** So many images of each class, classes mixed. */
function labelled(counts: readonly number[]): Labelled[] {
  const left = [...counts];
  const images: Labelled[] = [];
  while (left.some((count) => count > 0)) {
    left.forEach((count, label) => {
      if (count > 0) images.push({ label });
      left[label] = count - 1;
    });
  }
  return images;
}

function names(counts: readonly number[]): string[] {
  return counts.map((_, label) => `c${label}`);
}

function countsOf(images: readonly Labelled[], indices: readonly number[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const index of indices) counts[images[index]!.label]!++;
  return counts;
}

const classSizes = fc.array(fc.integer({ min: 25, max: 60 }), { minLength: 2, maxLength: 6 });
const fraction = fc.constantFrom(0, 0.1, 0.2, 0.25, 0.5);

describe('a split', () => {
  it('takes floor(test · n), then floor(val · rest) of every class; each image is in exactly one', () => {
    fc.assert(
      fc.property(classSizes, fraction, fraction, fc.nat(), (sizes, val, test, seed) => {
        const images = labelled(sizes);
        const cut = splitImages(images, names(sizes), { val, test, seed, limit: {} });
        const tests = sizes.map((n) => Math.floor(n * test));
        const vals = sizes.map((n, label) => Math.floor((n - tests[label]!) * val));
        expect(countsOf(images, cut.test, sizes.length)).toEqual(tests);
        expect(countsOf(images, cut.val, sizes.length)).toEqual(vals);
        const all = [...cut.train, ...cut.val, ...cut.test].sort((a, b) => a - b);
        expect(all).toEqual(images.map((_, index) => index));
      }),
    );
  });

  it('of 60, 59 and 41 images a class has the counts that the published experiments have', () => {
    const sizes = [60, 59, 41];
    const images = labelled(sizes);
    const cut = splitImages(images, names(sizes), rule);
    expect(SPLITS.map((split) => countsOf(images, cut[split], 3))).toEqual([
      [39, 39, 27],
      [9, 9, 6],
      [12, 11, 8],
    ]);
  });

  it('counts a fraction as people do: 0.29 of 100 is 29', () => {
    const cut = splitImages(labelled([100, 100]), ['a', 'b'], { ...rule, test: 0.29, val: 0 });
    expect(cut.test).toHaveLength(58);
  });

  it('stays what it is: results of an earlier version are of the same images', () => {
    const cut = splitImages(labelled([10, 10]), ['a', 'b'], rule);
    expect(cut).toMatchInlineSnapshot(`
      {
        "test": [
          0,
          13,
          15,
          16,
        ],
        "train": [
          1,
          3,
          4,
          5,
          6,
          8,
          9,
          10,
          11,
          12,
          14,
          17,
          18,
          19,
        ],
        "val": [
          2,
          7,
        ],
      }
    `);
  });

  it('is the same for the same seed and another for another', () => {
    const images = labelled([40, 40]);
    const cut = (seed: number) => splitImages(images, ['a', 'b'], { ...rule, seed });
    expect(cut(3)).toEqual(cut(3));
    expect(cut(3).test).not.toEqual(cut(4).test);
  });

  it('shuffles classes of equal size differently', () => {
    const images = labelled([40, 40]);
    const { test } = splitImages(images, ['a', 'b'], rule);
    const ranks = [0, 1].map((label) => test.filter((index) => index % 2 === label).map((index) => index >> 1));
    expect(ranks[0]).not.toEqual(ranks[1]);
  });

  it('gives every image an equal chance of every split', () => {
    const images = labelled([10, 10]);
    const times = new Array<number>(20).fill(0);
    for (let seed = 0; seed < 3000; seed++) {
      for (const index of splitImages(images, ['a', 'b'], { ...rule, seed }).test) times[index]!++;
    }
    // Binomial(3000, 1/5): standard deviation 22; four and a half of them.
    for (const count of times) expect(Math.abs(count - 600)).toBeLessThan(99);
  });
});

describe('images with a split of their own', () => {
  const images: Labelled[] = [
    ...labelled([20, 20]),
    ...labelled([5, 5]).map((image) => ({ ...image, split: 'test' as const })),
  ];

  it('stay in it, and the rest is cut into the other two only', () => {
    const cut = splitImages(images, ['a', 'b'], { ...rule, test: 0.5 });
    expect(cut.test).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
    expect(countsOf(images, cut.val, 2)).toEqual([4, 4]);
    expect(countsOf(images, cut.train, 2)).toEqual([16, 16]);
  });

  it('of validation keep the test split to be cut', () => {
    const own = images.map((image) => (image.split ? { ...image, split: 'val' as const } : image));
    const cut = splitImages(own, ['a', 'b'], rule);
    expect(cut.val).toHaveLength(10);
    expect(cut.test).toHaveLength(8);
    expect(cut.train).toHaveLength(32);
  });
});

describe('a limit', () => {
  it('is taken evenly from the classes and leaves the other splits as they are', () => {
    const sizes = [50, 50, 50];
    const images = labelled(sizes);
    const whole = splitImages(images, names(sizes), rule);
    const cut = splitImages(images, names(sizes), { ...rule, limit: { train: 20 } });
    expect(countsOf(images, cut.train, 3)).toEqual([7, 7, 6]);
    expect(cut.train.every((index) => whole.train.includes(index))).toBe(true);
    expect([cut.val, cut.test]).toEqual([whole.val, whole.test]);
  });

  it('takes a subset of what a larger one takes', () => {
    const images = labelled([40, 60]);
    const sizes = fc.integer({ min: 2, max: 80 });
    const take = (train: number) => splitImages(images, ['a', 'b'], { ...rule, limit: { train } }).train;
    fc.assert(
      fc.property(sizes, sizes, (one, other) => {
        const larger = new Set(take(Math.max(one, other)));
        expect(take(Math.min(one, other)).every((index) => larger.has(index))).toBe(true);
      }),
    );
  });

  it('above what there is takes all', () => {
    expect(splitImages(labelled([10, 10]), ['a', 'b'], { ...rule, limit: { train: 999 } }).train).toHaveLength(14);
  });

  it('shares out as evenly as sizes allow: no class could take one from a fuller class', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 8 }),
        fc.nat({ max: 250 }),
        (sizes, total) => {
          const shares = evenShares(sizes, total);
          const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
          expect(sum(shares)).toBe(Math.min(total, sum(sizes)));
          shares.forEach((share, label) => {
            expect(share).toBeLessThanOrEqual(sizes[label]!);
            if (share < sizes[label]!) expect(share).toBeGreaterThanOrEqual(Math.max(...shares) - 1);
          });
        },
      ),
    );
  });
});

describe('a split is refused', () => {
  it.each<[string, Labelled[], Partial<SplitOptions>, string, RegExp]>([
    [
      'that leaves a class of 4 without held-out images',
      labelled([30, 4]),
      {},
      'class-without-images',
      /class c1 .* val split \(4 in/,
    ],
    [
      'that leaves a class without validation images',
      labelled([30, 4]),
      { test: 0 },
      'class-without-images',
      /c1 .* val split/,
    ],
    [
      'with a class without any image',
      labelled([30, 0]),
      { test: 0, val: 0 },
      'class-without-images',
      /c1 .* train split \(0 in/,
    ],
    [
      'with a limit below the number of classes',
      labelled([30, 30]),
      { limit: { val: 1 } },
      'limit-too-small',
      /limit\.val .*c1/,
    ],
    [
      'whose own test images lack a class',
      [...labelled([30, 30]), { label: 0, split: 'test' }],
      {},
      'class-without-images',
      /c1 .* test split/,
    ],
  ])('%s', async (_title, images, options, code, message) => {
    const [failure] = await failuresOf(() => splitImages(images, ['c0', 'c1'], { ...rule, ...options }));
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(failure?.fix).toBeTruthy();
  });

  it('of fewer than two classes', async () => {
    expect(await failuresOf(() => splitImages(labelled([9]), ['cat'], rule))).toMatchObject([
      { code: 'too-few-classes', message: 'the dataset has one class only: cat' },
    ]);
    expect(await failuresOf(() => splitImages([], [], rule))).toMatchObject([{ code: 'too-few-classes' }]);
  });

  it('but not when a fraction of 0 empties it on purpose', () => {
    const cut = splitImages(labelled([2, 2]), ['a', 'b'], { ...rule, val: 0, test: 0 });
    expect(cut).toEqual({ train: [0, 1, 2, 3], val: [], test: [] });
  });
});
