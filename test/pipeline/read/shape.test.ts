import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { Problems } from '../../../src/pipeline/source/problems.ts';
import { entriesOf, Shape } from '../../../src/pipeline/read/shape.ts';
import type { Located } from '../../../src/pipeline/source/location.ts';

const written = (value: Json): Located => ({ value, location: { path: ['here'] } });

/** What a reader makes of a value, and what it notes: `path code: message | expected`. */
function reading<T>(read: (shape: Shape) => T): { readonly result: T; readonly noted: readonly string[] } {
  const problems = new Problems();
  const result = read(new Shape(problems));
  const failures = problems.failures(({ path }) => ({ file: path.join('.') }));
  return {
    result,
    noted: failures.map(
      ({ place, code, message, expected }) => `${place?.file ?? ''} ${code}: ${message} | ${expected ?? '-'}`,
    ),
  };
}

describe('mapping', () => {
  it('gives a mapping', () => {
    expect(reading((shape) => shape.mapping(written({ a: 1 }), 'x'))).toEqual({ result: written({ a: 1 }), noted: [] });
  });

  it('takes nothing at all for an empty one', () => {
    expect(reading((shape) => shape.mapping(written(null), 'x')).result).toEqual(written({}));
    expect(reading((shape) => shape.mapping(undefined, 'x'))).toEqual({ result: undefined, noted: [] });
  });

  it.each<[Json, string]>([
    [3, '3'],
    ['a', '"a"'],
    [false, 'false'],
    [[], 'a list'],
  ])('refuses %j', (value, words) => {
    expect(reading((shape) => shape.mapping(written(value), 'x'))).toEqual({
      result: undefined,
      noted: [`here wrong-type: x is ${words} | a mapping`],
    });
  });
});

describe('fields', () => {
  it('gives entries with their places, unknown ones too', () => {
    const { result, noted } = reading((shape) => shape.fields(written({ a: 1, c: 2 }), 'x', ['a', 'b']));
    expect([...result]).toEqual([
      ['a', { value: 1, location: { path: ['here', 'a'] } }],
      ['c', { value: 2, location: { path: ['here', 'c'] } }],
    ]);
    expect(noted).toEqual(['here.c unknown-key: x has no key "c" | -']);
  });

  it('gives no entries of what is no mapping', () => {
    expect(reading((shape) => shape.fields(written([1]), 'x', ['a'])).result.size).toBe(0);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('knows no key %s', (key) => {
    expect(reading((shape) => shape.fields(written({ [key]: 1 }), 'x', ['a'])).noted).toHaveLength(1);
  });
});

describe('named', () => {
  it.each(['a', 'A1', 'kd_method', 'x-1', 'trueish', 'nullable'])('takes the name %s', (name) => {
    const { result, noted } = reading((shape) => shape.named(written({ [name]: 1 }), 'x'));
    expect([...result.keys()]).toEqual([name]);
    expect(noted).toEqual([]);
  });

  it.each(['', '1a', '_a', '-a', 'a b', 'a.b', 'ä', 'a[0]', 'a=b', 'true', 'false', 'null'])(
    'refuses the name %j',
    (name) => {
      const { result, noted } = reading((shape) => shape.named(written({ [name]: 1, b: 2 }), 'x'));
      expect([...result.keys()]).toEqual(['b']);
      expect(noted).toEqual([
        `here.${name} bad-name: ${JSON.stringify(name)} cannot be a name in x | a letter, then letters, digits, _ or - (and not true, false, null)`,
      ]);
    },
  );
});

describe('text', () => {
  it('gives a text', () => {
    expect(reading((shape) => shape.text(written('a'), 'x'))).toEqual({ result: written('a'), noted: [] });
    expect(reading((shape) => shape.text(undefined, 'x'))).toEqual({ result: undefined, noted: [] });
  });

  it.each<[Json, string]>([
    ['', 'empty-text: x is empty | a text'],
    [3, 'wrong-type: x is 3 | a text'],
    [null, 'wrong-type: x is nothing | a text'],
    [['a'], 'wrong-type: x is a list | a text'],
    [{ a: 'b' }, 'wrong-type: x is a mapping | a text'],
  ])('refuses %j', (value, problem) => {
    expect(reading((shape) => shape.text(written(value), 'x'))).toEqual({
      result: undefined,
      noted: [`here ${problem}`],
    });
  });
});

describe('texts', () => {
  it('gives the texts of a list with their places', () => {
    expect(reading((shape) => shape.texts(written(['a', 'b']), 'x')).result).toEqual([
      { value: 'a', location: { path: ['here', 0] } },
      { value: 'b', location: { path: ['here', 1] } },
    ]);
  });

  it('takes one text alone where it may stand alone', () => {
    expect(reading((shape) => shape.texts(written('a'), 'x', true))).toEqual({ result: [written('a')], noted: [] });
    expect(reading((shape) => shape.texts(written('a'), 'x'))).toEqual({
      result: [],
      noted: ['here wrong-type: x is "a" | a list of texts'],
    });
  });

  it('keeps what is right of a list, and notes the rest', () => {
    const { result, noted } = reading((shape) => shape.texts(written(['a', 3, '', 'b']), 'x'));
    expect(result.map(({ value }) => value)).toEqual(['a', 'b']);
    expect(noted).toEqual([
      'here.1 wrong-type: an item of x is 3 | a text',
      'here.2 empty-text: an item of x is empty | a text',
    ]);
  });

  it('says both forms where both are right', () => {
    expect(reading((shape) => shape.texts(written(3), 'x', true)).noted).toEqual([
      'here wrong-type: x is 3 | a text or a list of texts',
    ]);
  });
});

describe('mappings', () => {
  it('gives the mappings of a list with their places', () => {
    expect(reading((shape) => shape.mappings(written([{ a: 1 }, {}]), 'x')).result).toEqual([
      { value: { a: 1 }, location: { path: ['here', 0] } },
      { value: {}, location: { path: ['here', 1] } },
    ]);
  });

  it('keeps what is right of a list, and notes the rest', () => {
    const { result, noted } = reading((shape) => shape.mappings(written([{ a: 1 }, 3]), 'x'));
    expect(result).toHaveLength(1);
    expect(noted).toEqual(['here.1 wrong-type: an item of x is 3 | a mapping']);
  });

  it('refuses what is no list', () => {
    expect(reading((shape) => shape.mappings(written({ a: 1 }), 'x'))).toEqual({
      result: [],
      noted: ['here wrong-type: x is a mapping | a list of mappings'],
    });
  });
});

describe('entriesOf', () => {
  it('keeps the order in which entries were written', () => {
    const entries = entriesOf({ value: { b: 1, a: 2 }, location: { path: [], override: 'x' } });
    expect([...entries]).toEqual([
      ['b', { value: 1, location: { path: ['b'], override: 'x' } }],
      ['a', { value: 2, location: { path: ['a'], override: 'x' } }],
    ]);
  });
});
