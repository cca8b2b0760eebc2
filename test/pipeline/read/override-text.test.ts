import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import {
  axisValuesOf,
  interpretOverride,
  readOverride,
  locatedValue,
  type Override,
} from '../../../src/pipeline/read/override-text.ts';
import { Problems } from '../../../src/pipeline/source/problems.ts';

const read = (text: string): Override => {
  const problems = new Problems();
  const override = readOverride(text, problems);
  if (!override || problems.noted > 0) throw new Error(`${text} is refused`);
  return override;
};

describe('readOverride', () => {
  it.each<[string, string, readonly Json[]]>([
    ['a=1', 'a', [1]],
    ['a.b.c=1', 'a.b.c', [1]],
    [' a = 1 ', 'a', [1]],
    ['a=1,2', 'a', [1, 2]],
    ['a=1, 2 ,3', 'a', [1, 2, 3]],
    ['a=x,"y,z"', 'a', ['x', 'y,z']],
    ["a='x,y',z", 'a', ['x,y', 'z']],
    ['a="it\'s",b', 'a', ["it's", 'b']],
    ['a=[1,2]', 'a', [[1, 2]]],
    ['a=[1,2],[3]', 'a', [[1, 2], [3]]],
    ['a={ b: 1, c: [2, 3] },4', 'a', [{ b: 1, c: [2, 3] }, 4]],
    ['a=', 'a', [null]],
    ['a=b=c', 'a', ['b=c']],
    ['a=b: c', 'a', ['b: c']],
    ['a=[b: c]', 'a', [[{ b: 'c' }]]],
    ['a=${stages.t[x=1]}', 'a', ['${stages.t[x=1]}']],
    ['a=-0', 'a', [0]],
    ['a=0o17', 'a', [15]],
    ['a=http://x.y/z', 'a', ['http://x.y/z']],
  ])('reads %s', (text, key, values) => {
    expect(read(text)).toEqual({ key, values, location: { path: [], override: text } });
  });

  it.each(['a=0.1,,0.3', 'a=0.1,', 'a=,', 'a=,0.1', 'a=1, ,2'])('refuses an empty value among others: %s', (text) => {
    const problems = new Problems();
    expect(readOverride(text, problems)).toBeUndefined();
    expect(problems.list).toMatchObject([
      { code: 'bad-override', message: expect.stringContaining('a value of a is empty') as string },
    ]);
  });

  it('reads back any JSON that is written as it', () => {
    const json = fc
      .jsonValue({ maxDepth: 3 })
      .filter((value) => !/__proto__|\\u|\u007f|[\u0080-\uffff]/.test(JSON.stringify(value)));
    const whole = (value: unknown): boolean =>
      typeof value === 'object' && value !== null
        ? Object.values(value).every(whole)
        : typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value);
    fc.assert(
      fc.property(json.filter(whole), (value) => {
        const text = JSON.stringify(value);
        // A key that holds a backslash or a quote does not end at the quote that the cut looks for.
        fc.pre(!text.includes('\\'));
        expect(read(`a=${text}`).values).toEqual([JSON.parse(text)]);
      }),
    );
  });

  it('cuts between any values', () => {
    const value = fc.oneof(fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
        expect(read(`a=${values.map((one) => JSON.stringify(one)).join(',')}`).values).toEqual(values);
      }),
    );
  });

  it('refuses or reads any text, and never throws', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '=', ',', '[', ']', '{', '}', '"', "'", ':', ' ', '&', '*', '!', '#', '|', '-', '\n'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (one) => {
        const problems = new Problems();
        expect(readOverride(one, problems) === undefined).toBe(problems.noted > 0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('meaning', () => {
  it.each<[string, boolean, ReturnType<typeof interpretOverride>]>([
    ['a=1', false, { value: 1 }],
    ['a=1,2', false, { sweep: [1, 2] }],
    ['a=[1, 2]', false, { sweep: [1, 2] }],
    ['a=[1],[2]', false, { sweep: [[1], [2]] }],
    ['a={ b: 1 }', false, { value: { b: 1 } }],
    ['a=', false, { value: null }],
    ['a=1', true, { value: 1 }],
    ['a=1,2', true, { value: [1, 2] }],
    ['a=[1, 2]', true, { value: [1, 2] }],
    ['a=[1],[2]', true, { sweep: [[1], [2]] }],
    ['a=[1],2', true, { value: [[1], 2] }],
    ['a=', true, { value: null }],
  ])('of %s where a list %s a value', (text, takesList, meant) => {
    expect(interpretOverride(read(text), takesList)).toEqual(meant);
  });
});

describe('an override of an axis', () => {
  it.each<[string, readonly Json[], Json]>([
    ['a=1', [1], 1],
    ['a=1,2', [1, 2], [1, 2]],
    ['a=[1, 2]', [1, 2], [1, 2]],
    ['a=[1],[2]', [[1], [2]], [[1], [2]]],
    ['a={ from: 0, to: 1, step: 1 }', [{ from: 0, to: 1, step: 1 }], { from: 0, to: 1, step: 1 }],
  ])('gives the values, and itself as written: %s', (text, values, written) => {
    expect(axisValuesOf(read(text))).toEqual(values);
    expect(locatedValue(read(text))).toEqual({ value: written, location: { path: [], override: text } });
  });
});
