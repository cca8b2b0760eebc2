import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scales, type Limits } from '../../../src/ml/augment/magnitudes.ts';
import type { OperationName } from '../../../src/ml/augment/operations.ts';
import { fixture } from './transform-reference.ts';

interface Scale {
  readonly signed: boolean;
  readonly values: readonly number[] | null;
}
const tables = fixture('augment.json') as Readonly<Record<string, Readonly<Record<string, Scale>>>>;

/** What each of torchvision's policies asks for, for pictures of 224². */
const cases: readonly (readonly [string, Limits])[] = [
  [
    'magnitudes_autoaugment_10_bins_224',
    { bins: 10, shear: 0.3, translate: (150 / 331) * 224, rotate: 30, enhance: 0.9, posterize: [8, 4] },
  ],
  [
    'magnitudes_randaugment_31_bins_224',
    { bins: 31, shear: 0.3, translate: (150 / 331) * 224, rotate: 30, enhance: 0.9, posterize: [8, 4] },
  ],
  [
    'magnitudes_trivialaugment_31_bins',
    { bins: 31, shear: 0.99, translate: 32, rotate: 135, enhance: 0.99, posterize: [8, 2] },
  ],
  [
    'magnitudes_augmix_10_bins_224',
    { bins: 10, shear: 0.3, translate: 224 / 3, rotate: 30, enhance: 0.9, posterize: [4, 0] },
  ],
];

const rows = cases.flatMap(([table, limits]) =>
  Object.entries(tables[table]!)
    .filter(([name]) => name !== 'note')
    .map(([name, scale]) => ({ table, name: name as OperationName, limits, scale })),
);

describe('magnitudes', () => {
  it.each(rows)('of $name are those of $table', ({ name, limits, scale }) => {
    const made = scales(limits)[name];
    expect(made.signed).toBe(scale.signed);
    expect(made.magnitudes === null).toBe(scale.values === null);
    // torch.linspace differs in the last bit of a float32 from machine to machine.
    made.magnitudes?.forEach((value, bin) => expect(value, `bin ${bin}`).toBeCloseTo(scale.values![bin]!, 5));
    expect(made.magnitudes?.length).toBe(scale.values?.length);
  });

  it('are numbers of float32, from nothing to the limit exactly, in even steps', () => {
    const limit = fc.double({ min: 0.01, max: 200, noNaN: true });
    fc.assert(
      fc.property(limit, fc.integer({ min: 2, max: 40 }), (shear, bins) => {
        const limits = { bins, shear, translate: 1, rotate: 1, enhance: 1, posterize: [8, 4] } as const;
        const { magnitudes } = scales(limits).ShearX;
        expect(magnitudes).toHaveLength(bins);
        expect([magnitudes![0], magnitudes!.at(-1)]).toEqual([0, Math.fround(shear)]);
        magnitudes!.forEach((value, bin) => {
          expect(value).toBe(Math.fround(value));
          expect(Math.abs(value - (shear * bin) / (bins - 1))).toBeLessThan(shear * 1e-6);
        });
      }),
    );
  });

  it('of Posterize fall from the most bits to the least, one at a time', () => {
    for (const bins of [5, 10, 31]) {
      const limits = { bins, shear: 1, translate: 1, rotate: 1, enhance: 1, posterize: [8, 4] } as const;
      const bits = scales(limits).Posterize.magnitudes!;
      expect([bits[0], bits.at(-1)]).toEqual([8, 4]);
      bits.slice(1).forEach((value, bin) => expect([0, 1]).toContain(bits[bin]! - value));
    }
  });
});
