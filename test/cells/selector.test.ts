import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellReference, type Value } from '../../src/core/plan.ts';
import { axisText } from '../../src/cells/cell-id.ts';
import { fits, parseSelector, type AxisCondition } from '../../src/cells/selector.ts';

const conditions = (text: string): string[] | undefined =>
  parseSelector(text)?.selector.conditions.map(({ axis, text: value, quoted, every }) => {
    return `${axis}${quoted ? ' is the text ' : every ? ' is open ' : ' is '}${value}`;
  });

const never = (): boolean => false;

const only = (text: string): AxisCondition => {
  const [condition] = parseSelector(`s[a=${text}]`)?.selector.conditions ?? [];
  if (!condition) throw new Error(`no condition in ${text}`);
  return condition;
};

describe('parseSelector', () => {
  it('reads a stage alone', () => {
    expect(parseSelector('teacher')).toEqual({ selector: { stage: 'teacher', conditions: [], every: false }, end: 7 });
  });

  it('reads conditions', () => {
    expect(conditions('student[kd_method=MGD,seed=0]')).toEqual(['kd_method is MGD', 'seed is 0']);
  });

  it('reads keys that reach through a cell', () => {
    expect(conditions('score[of.teacher.model=resnet50]')).toEqual(['of.teacher.model is resnet50']);
  });

  it('reads [*] and axes that are left open', () => {
    expect(parseSelector('score[*]')?.selector).toEqual({ stage: 'score', conditions: [], every: true });
    expect(conditions('score[seed=*]')).toEqual(['seed is open *']);
    const mixed = parseSelector('score[model=a, *]')?.selector;
    expect(mixed?.every).toBe(true);
    expect(mixed?.conditions).toHaveLength(1);
  });

  it('takes quotes off a text, and knows that they were there', () => {
    expect(conditions('s[a="x,y=]",b="0.7",c="*"]')).toEqual([
      'a is the text x,y=]',
      'b is the text 0.7',
      'c is the text *',
    ]);
  });

  it('writes numbers the shortest way', () => {
    expect(conditions('s[a=0.70,b=1e-4,c=1.0]')).toEqual(['a is 0.7', 'b is 0.0001', 'c is 1']);
  });

  it('keeps brackets of nested ids, lists and mappings together', () => {
    expect(conditions('score[of=student[teacher=teacher,seed=0],blocks=[3,4]]')).toEqual([
      'of is student[teacher=teacher,seed=0]',
      'blocks is [3,4]',
    ]);
    expect(conditions('s[a={"x":[1,2]}]')).toEqual(['a is {"x":[1,2]}']);
  });

  it('allows blanks around conditions', () => {
    expect(conditions('s[ a=1, b=2 ]')).toEqual(['a is 1', 'b is 2']);
  });

  it('says where it ends', () => {
    expect(parseSelector('student[seed=0].weights')?.end).toBe('student[seed=0]'.length);
    expect(parseSelector('x.student', 2)?.end).toBe(9);
  });

  it.each([
    '',
    '1abc',
    '[a=1]',
    's[',
    's[a',
    's[a=1',
    's[a=]',
    's[=1]',
    's[a="x]',
    's[a="x"y]',
    's[]',
    's[a=1,]',
    's[1=2]',
  ])('refuses %j', (text) => {
    expect(parseSelector(text)).toBeUndefined();
  });

  it('never throws, whatever it reads', () => {
    const text = fc.string({
      unit: fc.constantFrom('s', '[', ']', '=', ',', '"', '\\', '*', '.', ' ', '1'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (selector) => {
        expect(() => parseSelector(selector)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

describe('fits', () => {
  it.each<[string, Value]>([
    ['MGD', 'MGD'],
    ['0', 0],
    ['0.70', 0.7],
    ['true', true],
    ['null', null],
    ['"0.7"', '0.7'],
    ['"true"', 'true'],
    ['[3,4]', [3, 4]],
    ['*', 'anything'],
    ['*', 3],
  ])('lets %s stand for %j', (text, value) => {
    expect(fits(only(text), value, never)).toBe(true);
  });

  it.each<[string, Value]>([
    ['MGD', 'AT'],
    ['0', 1],
    ['"0.7"', 0.7],
    ['"true"', true],
    ['0.7', '0.7 '],
    ['true', 'TRUE'],
    ['"*"', 'anything'],
    ['[3,4]', [4, 3]],
  ])('does not let %s stand for %j', (text, value) => {
    expect(fits(only(text), value, never)).toBe(false);
  });

  it('leaves it to the caller whether a text names a cell', () => {
    const asked: string[] = [];
    const value = new CellReference('teacher[model=a]');
    const isCell = (text: string, { cell }: CellReference): boolean => {
      asked.push(`${text} for ${cell}`);
      return true;
    };
    expect(fits(only('teacher'), value, isCell)).toBe(true);
    expect(asked).toEqual(['teacher for teacher[model=a]']);
    expect(fits(only('"teacher"'), value, isCell)).toBe(false);
  });

  it('reads back every value as ids write it', () => {
    const value: fc.Arbitrary<Value> = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('a', ',', '=', '[', ']', '"', ' ', '\\', '1', '*'), maxLength: 6 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(value, (one) => {
        expect(fits(only(axisText(one, false)), one, never)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
