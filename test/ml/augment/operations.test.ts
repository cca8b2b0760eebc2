import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scales } from '../../../src/ml/augment/magnitudes.ts';
import { operations, type OperationName } from '../../../src/ml/augment/operations.ts';
import { fixture, muted, noise, referencePicture } from './transform-reference.ts';

/** What torchvision made of the pictures a and b. */
interface Case {
  readonly image: string;
  readonly op: OperationName;
  readonly magnitude: number;
  readonly sha256: string;
}
/** What it made of noise: one digest over all magnitudes of an operation, test/reference/augment.py. */
interface SizeCase {
  readonly size: readonly [number, number];
  readonly muted: boolean;
  readonly op: OperationName;
  readonly sha256: string;
}
const { ops } = fixture('augment.json') as { readonly ops: readonly Case[] };
const sizes = fixture('augment-sizes.json') as readonly SizeCase[];

const limits = { bins: 31, rotate: 30, shear: 0.3, enhance: 0.9, posterize: [8, 4] } as const;
const tables = [
  scales({ ...limits, rotate: 135, shear: 0.99, translate: 32, enhance: 0.99, posterize: [8, 2] }),
  scales({ ...limits, translate: (150 / 331) * 32 }),
];

describe('an operation', () => {
  it.each(ops)('$op by $magnitude gives torchvision’s pixels for picture $image', async (reference) => {
    const { pixels } = operations[reference.op](await referencePicture(reference.image), reference.magnitude);
    expect(createHash('sha256').update(pixels).digest('hex')).toBe(reference.sha256);
  });

  it.each(sizes)('$op gives torchvision’s pixels at all magnitudes and $size pixels, muted: $muted', (reference) => {
    const { op, size } = reference;
    const picture = reference.muted ? muted(noise(...size)) : noise(...size);
    const digest = createHash('sha256');
    // Invert is no operation of RandAugment's.
    for (const { magnitudes, signed } of tables.slice(0, op === 'Invert' ? 1 : 2).map((table) => table[op]))
      for (const magnitude of magnitudes ?? [0])
        for (const sign of signed ? [1, -1] : [1])
          digest.update(operations[op](picture, Number(magnitude.toPrecision(6)) * sign).pixels);
    expect(digest.digest('hex')).toBe(reference.sha256);
  });

  it.each(Object.keys(operations) as OperationName[])('%s leaves the picture that it gets alone', (name) => {
    // A view of a dataset's memory, as packed splits give it: a Buffer, whose slice is no copy.
    const picture = { ...noise(9, 7), pixels: Buffer.from(noise(9, 7).pixels) };
    operations[name](picture, 1.5);
    expect([...picture.pixels]).toEqual([...noise(9, 7).pixels]);
  });
});

const side = fc.integer({ min: 1, max: 24 });

describe('by laws of their own', () => {
  it.each(['ShearX', 'ShearY', 'TranslateX', 'TranslateY', 'Rotate', 'Brightness', 'Color', 'Contrast', 'Sharpness'])(
    '%s by 0 is the picture itself',
    (name) => {
      fc.assert(
        fc.property(side, side, (width, height) => {
          const picture = noise(width, height);
          expect(operations[name as OperationName](picture, 0)).toEqual(picture);
        }),
        { numRuns: 30 },
      );
    },
  );

  it('inverting twice, and four quarter turns of a square, give the picture back', () => {
    fc.assert(
      fc.property(side, (width) => {
        const picture = noise(width, width);
        expect(operations.Invert(operations.Invert(picture, 0), 0)).toEqual(picture);
        expect([0, 1, 2, 3].reduce((turned) => operations.Rotate(turned, 90), picture)).toEqual(picture);
      }),
      { numRuns: 30 },
    );
  });

  it('a translation moves pixels and leaves black behind', () => {
    const picture = { pixels: Uint8Array.from({ length: 27 }, (_, i) => i + 1), height: 3, width: 3 };
    expect([...operations.TranslateX(picture, 1.9).pixels.subarray(0, 9)]).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect([...operations.TranslateY(picture, -2.9).pixels.subarray(0, 9)]).toEqual([
      19, 20, 21, 22, 23, 24, 25, 26, 27,
    ]);
    expect(
      operations
        .TranslateY(picture, -2.9)
        .pixels.subarray(9)
        .every((value) => value === 0),
    ).toBe(true);
  });

  it('a picture of one colour has no contrast to stretch and no histogram to equalise', () => {
    const grey = { pixels: new Uint8Array(300).fill(77), height: 10, width: 10 };
    expect(operations.AutoContrast(grey, 0)).toEqual(grey);
    expect(operations.Equalize(grey, 0)).toEqual(grey);
  });
});
