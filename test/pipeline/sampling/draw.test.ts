import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { draw, samplers } from '../../../src/pipeline/sampling/draw.ts';
import { valueIn } from '../../../src/pipeline/sampling/range.ts';
import { mostDimensions, sobolBits, sobolBitsOf } from '../../../src/pipeline/sampling/sobol.ts';

const { points } = JSON.parse(readFileSync(new URL('scipy-sobol.json', import.meta.url), 'utf8')) as {
  readonly points: Readonly<Record<string, readonly number[]>>;
};

describe('sampling', () => {
  it.each(Object.keys(points))('has the coordinates of SciPy in point %s of the Sobol sequence', (point) => {
    const ours = Array.from({ length: mostDimensions }, (_, at) => sobolBitsOf(Number(point), at) / 2 ** sobolBits);
    expect(ours).toEqual(points[point]);
  });

  it.each(samplers)('draws numbers of [0, 1) by %s that depend on seed, trial and parameter alone', (sampler) => {
    const numbers = Array.from({ length: 64 }, (_, trial) =>
      draw(sampler, { seed: 0, trial, parameter: 'lr', dimension: 3 }),
    );
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers).size).toBe(64);
    const other = draw(sampler, { seed: 1, trial: 0, parameter: 'lr', dimension: 3 });
    expect(other).not.toBe(numbers[0]);
    expect(draw(sampler, { seed: 0, trial: 0, parameter: 'momentum', dimension: 3 })).not.toBe(numbers[0]);
  });

  it('puts one of the first 16 points of a shifted Sobol sequence into each sixteenth', () => {
    const parts = Array.from({ length: 16 }, (_, trial) =>
      Math.floor(16 * draw('sobol', { seed: 7, trial, parameter: 'lr', dimension: 2 })),
    );
    expect(parts.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, at) => at));
  });

  it('makes values of them: of three digits, or whole, in their range', () => {
    expect(valueIn({ from: 1e-4, to: 1e-1, scale: 'log', isWhole: false }, 0.5)).toBe(0.00316);
    expect(valueIn({ from: 0, to: 1, scale: 'linear', isWhole: false }, 0.123456)).toBe(0.123);
    expect(valueIn({ from: 0.9996, to: 0.9999, scale: 'linear', isWhole: false }, 0.99)).toBe(0.9999);
    const whole = { from: 2, to: 4, scale: 'linear', isWhole: true } as const;
    expect([0, 0.34, 0.67, 0.9999].map((part) => valueIn(whole, part))).toEqual([2, 3, 4, 4]);
    expect(valueIn({ ...whole, to: 64, scale: 'log' }, 0.9999999)).toBe(64);
  });
});
