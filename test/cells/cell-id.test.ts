import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText, type Value } from '../../src/core/plan.ts';
import { axisOrder, axisText, cellId, referencesIn, valueToken } from '../../src/cells/cell-id.ts';

const reference = (cell: string, output?: string): CellReference => new CellReference(cell, output);

describe('axisText', () => {
  it.each<[Value, string]>([
    ['MGD', 'MGD'],
    ['ten-crop', 'ten-crop'],
    ['10-crop', '10-crop'],
    ['v1.2_x/y:z', 'v1.2_x/y:z'],
    [0.7, '0.7'],
    [1e-4, '0.0001'],
    [1e-7, '1e-7'],
    [100, '100'],
    [-0, '0'],
    [true, 'true'],
    [null, 'null'],
    [[3, 4], '[3,4]'],
    [['a', 1], '["a",1]'],
    [{ b: 1, a: 'x' }, '{"a":"x","b":1}'],
  ])('writes %j as %s', (value, text) => {
    expect(axisText(value, false)).toBe(text);
  });

  it.each(['a,b', 'a=b', 'a[b', 'a]b', 'a"b', 'a b', '', ' ', '{x', 'a\\b', 'tab\t', 'zero\u200bwidth'])(
    'quotes the text %j, which would be read as something else',
    (text) => {
      expect(axisText(text, false)).toBe(JSON.stringify(text));
    },
  );

  it.each([
    '0.7',
    '1',
    '-3',
    '+1',
    '.5',
    '1e3',
    '0x1F',
    '0o17',
    '.inf',
    '-.Inf',
    '.nan',
    'true',
    'False',
    'null',
    '~',
    '*',
  ])('quotes the text %j, which looks like another type', (text) => {
    expect(axisText(text, false)).toBe(JSON.stringify(text));
  });

  it('writes a reference as the id of its cell, without quotes', () => {
    expect(axisText(reference('teacher[model=resnet50]'), true)).toBe('teacher[model=resnet50]');
    expect(axisText(reference('teacher', 'weights'), true)).toBe('teacher.weights');
  });

  it('quotes every text of an axis that holds cells, so that it is never taken for a cell', () => {
    expect(axisText('teacher', true)).toBe('"teacher"');
    expect(axisText(reference('teacher'), true)).toBe('teacher');
  });
});

describe('valueToken', () => {
  it('tells a text from the number, boolean or list that it looks like', () => {
    const values: Value[] = ['1', 1, 'true', true, 'null', null, '[1]', [1], '{}', {}];
    expect(new Set(values.map(valueToken)).size).toBe(values.length);
  });

  it('does not depend on the order of keys', () => {
    expect(valueToken({ a: 1, b: { d: 2, c: 3 } })).toBe(valueToken({ b: { c: 3, d: 2 }, a: 1 }));
  });

  it('tells a text with a reference from a list of its parts', () => {
    const parts = ['--weights=', reference('teacher')];
    expect(valueToken(new ReferenceText(parts))).not.toBe(valueToken(parts));
  });

  it('gives different values different texts, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }), (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(valueToken(a as Value) === valueToken(b as Value)).toBe(same);
      }),
      { numRuns: 300 },
    );
  });
});

/** A JSON value with sorted keys, for comparison. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

const name = fc.constantFrom('a', 'b', 'c', 'seed', 'kd_method');
const trickyText = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ',', '=', '[', ']', '"', ' ', '\\', '1', '*', '{'), maxLength: 5 }),
  fc.constantFrom('1', 'true', 'null', '0.7', '', 'a=1,b=2', 'teacher', 'teacher[a=1]'),
);
const leaf: fc.Arbitrary<Value> = fc.oneof(
  trickyText,
  fc.integer({ min: -2, max: 2 }),
  fc.boolean(),
  fc.constant(null),
  trickyText.map((text) => [text]),
);
const axes = fc.dictionary(name, leaf, { maxKeys: 3 });

const idOf = (stage: string, values: Record<string, Value>): string => {
  const texts = axisOrder(Object.keys(values), new Set()).map(
    (axis) => `${axis}=${axisText(values[axis] ?? null, false)}`,
  );
  return cellId(stage, texts);
};

describe('cellId', () => {
  it('is the stage itself when there are no axes', () => {
    expect(cellId('teacher', [])).toBe('teacher');
  });

  it('names axes in brackets', () => {
    expect(idOf('student', { seed: 0, kd_method: 'MGD', kd_ratio: 0.7 })).toBe(
      'student[kd_method=MGD,kd_ratio=0.7,seed=0]',
    );
  });

  it('is the same whatever the order of the axes', () => {
    fc.assert(
      fc.property(axes, (values) => {
        const reversed = Object.fromEntries(Object.entries(values).toReversed());
        expect(idOf('s', reversed)).toBe(idOf('s', values));
      }),
    );
  });

  it('is injective: cells with different axes never share a name', () => {
    fc.assert(
      fc.property(axes, axes, (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(idOf('s', a) === idOf('s', b)).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps cells apart that differ only in a text that imitates another axis', () => {
    expect(idOf('s', { a: '1,b=2' })).not.toBe(idOf('s', { a: 1, b: 2 }));
    expect(idOf('s', { a: 'x,b=y' })).not.toBe(idOf('s', { a: 'x', b: 'y' }));
  });
});

describe('axisOrder', () => {
  it('puts axes that hold cells first, each group by code units', () => {
    expect(axisOrder(['seed', 'teacher', 'Ema', 'data', 'kd_method'], new Set(['teacher', 'data']))).toEqual([
      'data',
      'teacher',
      'Ema',
      'kd_method',
      'seed',
    ]);
  });

  it('names every axis once', () => {
    expect(axisOrder(['a', 'a'], new Set())).toEqual(['a']);
  });
});

describe('referencesIn', () => {
  it('finds references at any depth, in the order in which they stand', () => {
    const [a, b, c] = [reference('a'), reference('b', 'out'), reference('c')];
    expect(referencesIn({ x: [a, { y: new ReferenceText(['--w=', b]) }], z: c })).toEqual([a, b, c]);
  });

  it.each<[Value]>([[null], ['teacher'], [1], [true], [[]], [{}]])('finds none in %j', (value) => {
    expect(referencesIn(value)).toEqual([]);
  });
});
