import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIVATIONS, type ActivationCode } from '../../../../src/ml/engines/primitives.ts';
import { activate, slope } from '../../../../src/ml/engines/reference/activations.ts';

const CODES = Object.entries(ACTIVATIONS) as [keyof typeof ACTIVATIONS, ActivationCode][];
const STEP = 1e-5;

/** Where a curve has a kink. */
const KINKS: Readonly<Record<keyof typeof ACTIVATIONS, readonly number[]>> = {
  none: [],
  relu: [0],
  relu6: [0, 6],
  silu: [],
  sigmoid: [],
  'hard-sigmoid': [-3, 3],
};

const points = fc.double({ min: -12, max: 12, noNaN: true });

describe.each(CODES)('%s', (name, code) => {
  it('has the slope of its secants, away from its kinks', () => {
    fc.assert(
      fc.property(points, (x) => {
        fc.pre(KINKS[name].every((kink) => Math.abs(x - kink) > 2 * STEP));
        const secant = (activate(x + STEP, code) - activate(x - STEP, code)) / (2 * STEP);
        expect(Math.abs(slope(x, code) - secant)).toBeLessThan(1e-8);
      }),
    );
  });

  it('is continuous at its kinks, where its slope is PyTorch’s 0', () => {
    for (const kink of KINKS[name]) {
      expect(slope(kink, code)).toBe(0);
      expect(activate(kink + 1e-12, code)).toBeCloseTo(activate(kink - 1e-12, code), 10);
    }
  });

  it('lets a NaN through', () => {
    expect(activate(NaN, code)).toBeNaN();
  });

  it('stays finite far out, value and slope', () => {
    for (const x of [-1e4, -800, 800, 1e4]) {
      expect(activate(x, code), `at ${x}`).toSatisfy(Number.isFinite);
      expect(slope(x, code), `at ${x}`).toSatisfy(Number.isFinite);
    }
  });
});

describe('activations', () => {
  it.each([
    { name: 'none', at: [-2, 0, 7], values: [-2, 0, 7] },
    { name: 'relu', at: [-2, 0, 7], values: [0, 0, 7] },
    { name: 'relu6', at: [-2, 3, 7], values: [0, 3, 6] },
    { name: 'silu', at: [0, Math.log(3)], values: [0, 0.75 * Math.log(3)] },
    { name: 'sigmoid', at: [-Math.log(3), 0, Math.log(4)], values: [0.25, 0.5, 0.8] },
    { name: 'hard-sigmoid', at: [-4, -3, 0, 1.5, 3, 4], values: [0, 0, 0.5, 0.75, 1, 1] },
  ] as const)('$name has its known values', ({ name, at, values }) => {
    at.forEach((x, i) => expect(activate(x, ACTIVATIONS[name])).toBeCloseTo(values[i]!, 12));
  });

  it.each(['relu', 'relu6'] as const)('%s has at its result the slope that it has at its argument', (name) => {
    const code = ACTIVATIONS[name];
    fc.assert(
      fc.property(points, (x) => {
        expect(slope(activate(x, code), code)).toBe(slope(x, code));
      }),
    );
  });

  it('sigmoid and hard-sigmoid turn about one half', () => {
    fc.assert(
      fc.property(points, (x) => {
        for (const name of ['sigmoid', 'hard-sigmoid'] as const)
          expect(activate(x, ACTIVATIONS[name]) + activate(-x, ACTIVATIONS[name])).toBeCloseTo(1, 12);
      }),
    );
  });

  it('have no further codes', () => {
    expect(() => activate(1, 6)).toThrow('no activation has the code 6');
    expect(() => slope(1, -1)).toThrow('no activation has the code -1');
  });
});
