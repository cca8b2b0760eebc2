import type { Value, ValueObject } from '../../core/plan.ts';

/** Digits that survive the rounding of a range: `0.1 + 2 · 0.1` is written 0.3. */
const DIGITS = 12;

const KEYS = new Set(['from', 'to', 'step', 'count', 'scale']);

/** Why a range makes no values. */
export interface RangeProblem {
  /** The key at fault; undefined when it is the range as a whole. */
  readonly key?: string;
  readonly message: string;
  readonly expected: string;
}

interface Bounds {
  readonly from: number;
  readonly to: number;
  /** Most values: a slip in a step must not fill the memory. */
  readonly most: number;
}

const FORMS = '{ from, to, step }, { from, to, count } or { from, to, count, scale: log }';

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

const between = ({ from, to }: Bounds, count: number, at: (part: number) => number): readonly number[] =>
  Array.from({ length: count }, (_, index) => {
    if (index === 0) return from;
    return index === count - 1 ? to : rounded(at(index / (count - 1)));
  });

function byCount(bounds: Bounds, count: Value | undefined, scale: Value | undefined): readonly number[] | RangeProblem {
  const { from, to, most } = bounds;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > most) {
    return {
      key: 'count',
      message: 'the count of this range cannot be used',
      expected: `a whole number from 1 to ${most}`,
    };
  }
  if (count === 1 && from !== to)
    return {
      key: 'count',
      message: 'one value cannot reach from one end to the other',
      expected: 'a count of at least 2',
    };
  if (scale === undefined || scale === 'linear') return between(bounds, count, (part) => from + (to - from) * part);
  if (scale !== 'log') return { key: 'scale', message: 'the scale of a range is unknown', expected: 'log or linear' };
  if (from <= 0 || to <= 0)
    return {
      key: from <= 0 ? 'from' : 'to',
      message: 'a logarithmic range cannot reach 0 or below',
      expected: 'a number above 0',
    };
  return between(bounds, count, (part) => from * (to / from) ** part);
}

function byStep({ from, to, most }: Bounds, step: Value | undefined): readonly number[] | RangeProblem {
  if (typeof step !== 'number' || step === 0)
    return { key: 'step', message: 'the step of this range cannot be used', expected: 'a number other than 0' };
  // A tolerance of a millionth of a step: 0 … 1 by 0.1 ends with 1.
  const steps = Math.floor((to - from) / step + 1e-6);
  if (steps < 0)
    return {
      key: 'step',
      message: 'the step of a range leads away from its end',
      expected: `a step ${to > from ? 'above' : 'below'} 0`,
    };
  if (steps >= most) return { key: 'step', message: `the range has ${steps + 1} values`, expected: `at most ${most}` };
  return Array.from({ length: steps + 1 }, (_, index) => rounded(from + index * step));
}

/**
 * Works a range out: `{ from, to, step }` and `{ from, to, count }` hold both ends, with `scale: log` each value is the
 * one before times a constant.
 *
 * @param range - the range as a mapping
 * @param most - how many values it may have
 * @returns its values, or what is wrong
 */
export function rangeValues(range: ValueObject, most: number): readonly number[] | RangeProblem {
  const unknown = Object.keys(range).find((key) => !KEYS.has(key));
  if (unknown !== undefined)
    return { key: unknown, message: `a range has no key ${JSON.stringify(unknown)}`, expected: FORMS };
  const { from, to, step, count, scale } = range;
  if (typeof from !== 'number') return { key: 'from', message: 'this range has no from', expected: FORMS };
  if (typeof to !== 'number') return { key: 'to', message: 'this range has no to', expected: FORMS };
  if ((step === undefined) === (count === undefined))
    return { message: 'a range needs either a step or a count', expected: FORMS };
  if (count === undefined) {
    return scale === undefined
      ? byStep({ from, to, most }, step)
      : { key: 'scale', message: 'a range with a step has no scale', expected: FORMS };
  }
  return byCount({ from, to, most }, count, scale);
}
