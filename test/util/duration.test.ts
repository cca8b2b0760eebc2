import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duration } from '../../src/util/duration.ts';

describe('a duration', () => {
  it.each([
    [0, '0.00 s'],
    [-3, '0.00 s'],
    [0.004, '0.00 s'],
    [0.04, '0.04 s'],
    [0.099, '0.10 s'],
    [0.12, '0.1 s'],
    [4.08, '4.1 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 00 s'],
    [80, '1 min 20 s'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h 00 min'],
    [7500, '2 h 05 min'],
    [86_399, '1 d 00 h'],
    [273_600, '3 d 04 h'],
  ])('of %d s is %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it('is never off by more than half of its last unit', () => {
    const units: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (seconds) => {
        const parts = duration(seconds).split(' ');
        let said = 0;
        for (let at = 0; at < parts.length; at += 2) said += Number(parts[at]) * (units[parts[at + 1] ?? ''] ?? NaN);
        const last = units[parts.at(-1) ?? ''] ?? NaN;
        expect(Math.abs(said - seconds)).toBeLessThanOrEqual(parts.length > 2 ? last / 2 + 0.5 : 0.05 + 1e-9);
      }),
    );
  });

  it('never has 60 of a smaller unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        expect(duration(seconds)).not.toMatch(/\b60(\.0)? (s|min)\b|\b24 h\b/);
      }),
    );
  });
});
