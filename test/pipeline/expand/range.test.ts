import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ValueObject } from '../../../src/core/plan.ts';
import { rangeValues } from '../../../src/pipeline/expand/range.ts';

const values = (range: ValueObject): readonly number[] => {
  const found = rangeValues(range, 100_000);
  if ('message' in found) throw new Error(found.message);
  return found;
};

describe('rangeValues', () => {
  it.each<[ValueObject, number[]]>([
    [{ from: 0, to: 4, step: 1 }, [0, 1, 2, 3, 4]],
    [{ from: 0, to: 5, step: 2 }, [0, 2, 4]],
    [{ from: 0.1, to: 0.5, step: 0.1 }, [0.1, 0.2, 0.3, 0.4, 0.5]],
    [{ from: 0, to: 1, step: 0.1 }, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]],
    [{ from: 3, to: 1, step: -1 }, [3, 2, 1]],
    [{ from: 2, to: 2, step: 1 }, [2]],
    [{ from: 1, to: 2, step: 5 }, [1]],
    [{ from: 0, to: 1, count: 5 }, [0, 0.25, 0.5, 0.75, 1]],
    [{ from: 1, to: 0, count: 3 }, [1, 0.5, 0]],
    [{ from: 7, to: 7, count: 1 }, [7]],
    [{ from: 0, to: 0.3, count: 4, scale: 'linear' }, [0, 0.1, 0.2, 0.3]],
    [{ from: 1e-4, to: 1e-1, count: 4, scale: 'log' }, [1e-4, 1e-3, 1e-2, 1e-1]],
    [{ from: 1, to: 16, count: 5, scale: 'log' }, [1, 2, 4, 8, 16]],
  ])('works %j out', (range, wanted) => {
    expect(values(range)).toEqual(wanted);
  });

  it.each<[ValueObject, string | undefined]>([
    [{ to: 1, step: 1 }, 'from'],
    [{ from: 0, step: 1 }, 'to'],
    [{ from: '0', to: 1, step: 1 }, 'from'],
    [{ from: 0, to: 1 }, undefined],
    [{ from: 0, to: 1, step: 1, count: 2 }, undefined],
    [{ from: 0, to: 1, step: 0 }, 'step'],
    [{ from: 0, to: 1, step: -1 }, 'step'],
    [{ from: 1, to: 0, step: 1 }, 'step'],
    [{ from: 0, to: 1, step: 'x' }, 'step'],
    [{ from: 0, to: 1, step: 1e-9 }, 'step'],
    [{ from: 0, to: 1, count: 0 }, 'count'],
    [{ from: 0, to: 1, count: 1 }, 'count'],
    [{ from: 0, to: 1, count: 2.5 }, 'count'],
    [{ from: 0, to: 1, count: 1e9 }, 'count'],
    [{ from: 0, to: 1, count: 3, scale: 'log' }, 'from'],
    [{ from: 1, to: -1, count: 3, scale: 'log' }, 'to'],
    [{ from: 1, to: 2, count: 3, scale: 'cubic' }, 'scale'],
    [{ from: 1, to: 2, step: 1, scale: 'log' }, 'scale'],
    [{ from: 1, to: 2, steps: 1 }, 'steps'],
  ])('refuses %j and names the key at fault: %s', (range, key) => {
    const found = rangeValues(range, 100_000);
    expect('message' in found ? found.key : 'no problem').toBe(key);
  });

  it('holds both ends of a range with a count', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, number, fc.integer({ min: 2, max: 50 }), (from, to, count) => {
        const found = values({ from, to, count });
        expect(found).toHaveLength(count);
        expect([found.at(0), found.at(-1)]).toEqual([from, to]);
      }),
    );
  });

  it('never leaves the interval, and keeps its direction', () => {
    const step = fc.integer({ min: 1, max: 40 }).map((part) => part / 8);
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 50 }), fc.nat({ max: 60 }), step, (from, width, by) => {
        const found = values({ from, to: from + width, step: by });
        expect(found).toHaveLength(Math.floor(width / by) + 1);
        found.forEach((value, index) => expect(value).toBeCloseTo(from + index * by, 9));
      }),
    );
  });

  it('multiplies by a constant on a logarithmic scale', () => {
    const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(positive, positive, fc.integer({ min: 3, max: 20 }), (from, to, count) => {
        const found = values({ from, to, count, scale: 'log' });
        const ratio = (to / from) ** (1 / (count - 1));
        found.slice(1).forEach((value, index) => expect(value / (found[index] ?? 0) / ratio).toBeCloseTo(1, 6));
      }),
    );
  });
});
