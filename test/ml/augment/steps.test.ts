import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pick, pickOf } from '../../../src/ml/augment/augmentation.ts';
import { operations, type OperationName } from '../../../src/ml/augment/operations.ts';
import { stepOf, taking, type Step } from '../../../src/ml/augment/steps.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { noise } from './transform-reference.ts';

/** The greatest number that a source of 32 bits gives. */
const ALMOST_ONE = 1 - 2 ** -32;

describe('picking', () => {
  it('never leaves the choices, whatever is drawn', () => {
    const draw = fc.oneof(fc.constantFrom(0, ALMOST_ONE), fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), draw, (count, drawn) => {
        const index = pick(count, () => drawn);
        expect(Number.isInteger(index) && index >= 0 && index < count).toBe(true);
        expect(pickOf([7], () => drawn)).toBe(7);
      }),
    );
  });

  it('takes every choice equally often, and one number each time', () => {
    let draws = 0;
    const uniform = uniforms(1, 'augment', 0, 0);
    const counting = () => {
      draws += 1;
      return uniform();
    };
    const counts = new Map<string, number>();
    for (let k = 0; k < 9000; k++) {
      const word = pickOf(['a', 'b', 'c'], counting);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    expect(draws).toBe(9000);
    // Binomial(9000, 1/3): standard deviation 44.7; five of them.
    for (const word of ['a', 'b', 'c']) expect(Math.abs(counts.get(word)! - 3000)).toBeLessThan(224);
  });
});

describe('a step', () => {
  const scale = { magnitudes: [0, 0.5, 1], signed: true };

  it('has the magnitude of its bin, negative for the lower half of what is drawn', () => {
    expect(stepOf('ShearX', scale, 1, () => 0.49)).toEqual({ operation: 'ShearX', magnitude: -0.5 });
    expect(stepOf('ShearX', scale, 2, () => 0.5)).toEqual({ operation: 'ShearX', magnitude: 1 });
  });

  it('draws no sign for an operation without one', () => {
    const never = () => {
      throw new Error('nothing is to be drawn');
    };
    expect(stepOf('Posterize', { magnitudes: [8, 6, 4], signed: false }, 2, never).magnitude).toBe(4);
    expect(stepOf('Equalize', { magnitudes: null, signed: false }, 2, never).magnitude).toBe(0);
  });
});

describe('taking steps', () => {
  const step = fc.record({
    operation: fc.constantFrom(...(Object.keys(operations) as OperationName[])),
    magnitude: fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8),
  });

  it('does one after the other, each on what the one before made', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 4 }), (steps: Step[]) => {
        let expected = noise(13, 13);
        for (const { operation, magnitude } of steps) expected = operations[operation](expected, magnitude);
        expect(taking(() => steps)(noise(13, 13), () => 0)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the picture itself where nothing was drawn', () => {
    const picture = noise(5, 5);
    expect(taking(() => [])(picture, () => 0)).toBe(picture);
  });
});
