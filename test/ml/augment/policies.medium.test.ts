import { describe, expect, it } from 'vitest';
import type { Uniform } from '../../../src/ml/augment/augmentation.ts';
import type { OperationName } from '../../../src/ml/augment/operations.ts';
import { operations } from '../../../src/ml/augment/operations.ts';
import { augMix, augMixDraw, augMixShares } from '../../../src/ml/augment/policies/augmix.ts';
import { autoAugment, autoAugmentDraw } from '../../../src/ml/augment/policies/autoaugment.ts';
import { cutout } from '../../../src/ml/augment/policies/cutout.ts';
import { randAugment, randAugmentDraw } from '../../../src/ml/augment/policies/randaugment.ts';
import { trivialAugment, trivialAugmentDraw } from '../../../src/ml/augment/policies/trivialaugment.ts';
import { augmentations } from '../../../src/ml/augment/registry.ts';
import type { Draw, Step } from '../../../src/ml/augment/steps.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { fixture, noise } from './transform-reference.ts';

type Magnitudes = Readonly<Record<string, { readonly signed: boolean; readonly values: readonly number[] | null }>>;
type Row = readonly (readonly [OperationName, number, number | null])[];

const tables = fixture('augment.json') as Readonly<Record<string, Magnitudes>> & {
  readonly autoaugment_imagenet: { readonly rows: readonly Row[] };
};
/** One of torchvision's tables, without its note. */
function table(name: string): Magnitudes {
  const { note: _, ...rest } = tables[name]!;
  return rest;
}

const SIDE = 224;
const MANY = 50_000;
const drawn = (draw: Draw, count = MANY): (readonly Step[])[] =>
  Array.from({ length: count }, (_, index) => draw(uniforms(3, 'augment', 0, index)));

/** How often each text was seen. */
function frequencies(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/** Seven digits, which is float32; either sign of zero is zero. */
const magnitudeText = (magnitude: number): string => String(Number((magnitude || 0).toPrecision(7)));
const textOf = ({ operation, magnitude }: Step): string => `${operation} ${magnitudeText(magnitude)}`;

/** What one drawn step may be, with its probability: the operation, then the bin, then the sign, each as likely. */
function expectedSteps(
  from: Magnitudes,
  binsOf: (values: readonly number[]) => readonly number[],
): Map<string, number> {
  const names = Object.keys(from);
  const expected = new Map<string, number>();
  for (const name of names) {
    const { signed, values } = from[name]!;
    const bins = values ? binsOf(values) : [0];
    for (const bin of bins)
      for (const sign of signed ? [1, -1] : [1]) {
        const text = `${name} ${magnitudeText(sign * bin)}`;
        expected.set(text, (expected.get(text) ?? 0) + 1 / names.length / bins.length / (signed ? 2 : 1));
      }
  }
  return expected;
}

/** The same texts, each within five standard deviations of its expected number. */
function expectFrequencies(texts: readonly string[], expected: ReadonlyMap<string, number>): void {
  const counts = frequencies(texts);
  expect([...counts.keys()].filter((text) => !expected.has(text))).toEqual([]);
  for (const [text, probability] of expected) {
    const mean = texts.length * probability;
    const deviation = Math.sqrt(mean * (1 - probability));
    expect(Math.abs((counts.get(text) ?? 0) - mean), text).toBeLessThanOrEqual(5 * deviation);
  }
}

describe('AutoAugment', () => {
  it('draws the rows of torchvision’s table, each operation with its probability, magnitude and sign', () => {
    const { rows } = tables.autoaugment_imagenet;
    const magnitudes = table('magnitudes_autoaugment_10_bins_224');
    const expected = new Map<string, number>();
    /** What may come of one operation of a row. */
    const outcomes = ([name, probability, bin]: Row[number]): [string, number][] => {
      const { signed, values } = magnitudes[name]!;
      const magnitude = values?.[bin ?? 0] ?? 0;
      const taken = (signed ? [magnitude, -magnitude] : [magnitude]).map((each): [string, number] => [
        `${name} ${magnitudeText(each)}`,
        probability / (signed ? 2 : 1),
      ]);
      return [...taken, ['', 1 - probability]];
    };
    for (const [first, second] of rows)
      for (const [a, p] of outcomes(first!))
        for (const [b, q] of outcomes(second!)) {
          const text = [a, b].filter(Boolean).join(', ');
          if (p * q > 0) expected.set(text, (expected.get(text) ?? 0) + (p * q) / rows.length);
        }
    const texts = drawn(autoAugmentDraw(SIDE)).map((steps) => steps.map(textOf).join(', '));
    expectFrequencies(texts, expected);
  });
});

describe('RandAugment', () => {
  it('draws two operations of torchvision’s table, each as likely, of the tenth strength', () => {
    const steps = drawn(randAugmentDraw(SIDE));
    expect(steps.every(({ length }) => length === 2)).toBe(true);
    const expected = expectedSteps(table('magnitudes_randaugment_31_bins_224'), (values) => [values[9]!]);
    for (const position of [0, 1])
      expectFrequencies(
        steps.map((pair) => textOf(pair[position]!)),
        expected,
      );
  });
});

describe('TrivialAugment', () => {
  it('draws one operation of torchvision’s table, each as likely, of any strength', () => {
    const steps = drawn(trivialAugmentDraw, 2 * MANY);
    expect(steps.every(({ length }) => length === 1)).toBe(true);
    expectFrequencies(
      steps.map(([step]) => textOf(step!)),
      expectedSteps(table('magnitudes_trivialaugment_31_bins'), (values) => values),
    );
  });
});

describe('AugMix', () => {
  it('draws chains of one to three operations of torchvision’s table, of the least three strengths', () => {
    const chains = drawn(augMixDraw(SIDE));
    expectFrequencies(
      chains.map(({ length }) => String(length)),
      new Map(['1', '2', '3'].map((length) => [length, 1 / 3])),
    );
    expectFrequencies(
      chains.flatMap((steps) => steps.map(textOf)),
      expectedSteps(table('magnitudes_augmix_10_bins_224'), (values) => values.slice(0, 3)),
    );
  });

  it('gives the picture a share of ½ on average and three chains the rest alike, with the spread of Beta and Dirichlet', () => {
    const shares = Array.from({ length: MANY }, (_, index) => augMixShares(uniforms(5, 'augment', 0, index)));
    for (const each of shares) expect(each.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    const moments = [0, 1, 2, 3].map((k) => {
      const mean = shares.reduce((sum, each) => sum + each[k]!, 0) / MANY;
      const square = shares.reduce((sum, each) => sum + each[k]! ** 2, 0) / MANY;
      return { mean, square };
    });
    // E u = 1/2, E u² = 1/3; E d = 1/3, E d² = 1/6 of Dirichlet(1, 1, 1), so that E ((1−u)d)² = 1/18.
    expect(moments[0]!.mean).toBeCloseTo(1 / 2, 2);
    expect(moments[0]!.square).toBeCloseTo(1 / 3, 2);
    for (const { mean, square } of moments.slice(1)) {
      expect(mean).toBeCloseTo(1 / 6, 2);
      expect(square).toBeCloseTo(1 / 18, 2);
    }
  });

  it('is the mean of the picture and its chains by their shares, fractions dropped', () => {
    const picture = noise(16, 16);
    for (let index = 0; index < 20; index++) {
      const mixed = augMix.create({ side: 16, mean: [] })!(picture, uniforms(1, 'augment', 0, index));
      const uniform = uniforms(1, 'augment', 0, index);
      const shares = augMixShares(uniform);
      const chains = [0, 1, 2].map(() =>
        augMixDraw(16)(uniform).reduce((image, step) => operations[step.operation](image, step.magnitude), picture),
      );
      mixed.pixels.forEach((value, i) => {
        const exact = [picture, ...chains].reduce((sum, { pixels }, k) => sum + shares[k]! * pixels[i]!, 0);
        expect(value).toBe(Math.floor(exact + 1e-9));
      });
    }
  });
});

describe('CutOut', () => {
  const white = { pixels: new Uint8Array(32 * 32 * 3).fill(255), height: 32, width: 32 };
  const cut = cutout.create({ side: 32, mean: [123.4, 116.6, 103.5] })!;
  /** A generator that gives these numbers in turn. */
  const given =
    (...numbers: number[]): Uniform =>
    () =>
      numbers.shift()!;

  it.each([
    ['whole inside', [16, 16], [8, 24, 8, 24]],
    ['cut at the top left', [0, 3], [0, 8, 0, 11]],
    ['cut at the bottom right', [31, 28], [23, 32, 20, 32]],
  ] as const)('puts the mean colour into a square of half the side: %s', (_, [y, x], [top, bottom, left, right]) => {
    const { pixels } = cut(white, given(y / 32, x / 32));
    for (let row = 0; row < 32; row++)
      for (let column = 0; column < 32; column++) {
        const inside = row >= top && row < bottom && column >= left && column < right;
        const at = (row * 32 + column) * 3;
        expect([...pixels.subarray(at, at + 3)]).toEqual(inside ? [123, 117, 104] : [255, 255, 255]);
      }
  });
});

describe('every policy', () => {
  const names = (Object.keys(augmentations) as (keyof typeof augmentations)[]).filter((name) => name !== 'none');

  it('is registered under its name; `none` leaves pictures as they are', () => {
    expect(augmentations).toMatchObject({
      ...{ autoaugment: autoAugment, randaugment: randAugment, trivialaugment: trivialAugment },
      ...{ augmix: augMix, cutout },
    });
    expect(augmentations.none.create({ side: 20, mean: [] })).toBeNull();
  });

  it.each(names)('%s draws the same for the same place in the run, and other things elsewhere', (name) => {
    const picture = { ...noise(20, 20), pixels: Buffer.from(noise(20, 20).pixels) };
    const augment = augmentations[name].create({ side: 20, mean: [1, 2, 3] })!;
    /** What 40 pictures become in an epoch. */
    const made = (seed: number, epoch: number) =>
      Array.from({ length: 40 }, (_, index) =>
        Buffer.from(augment(picture, uniforms(seed, 'augment', epoch, index)).pixels).toString('base64'),
      );
    const first = made(0, 0);
    expect(made(0, 0)).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(10);
    for (const other of [made(0, 1), made(1, 0)])
      expect(other.filter((pixels, index) => pixels === first[index]).length).toBeLessThan(12);
    expect([...picture.pixels]).toEqual([...noise(20, 20).pixels]);
  });
});
