import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../src/core/failure.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { canonical } from '../../src/fingerprint/canonical.ts';

/** Any JSON value, with lone surrogates, control characters and all finite numbers. */
const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }) as fc.Arbitrary<Json>;

/** The same value with the names of every mapping in another order. */
function reordered(value: Json, order: (names: string[]) => string[]): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => reordered(item, order));
  const object = value as JsonObject;
  return Object.fromEntries(order(Object.keys(object)).map((name) => [name, reordered(object[name] ?? null, order)]));
}

/** −0 counts as 0, and JSON.parse keeps the sign. */
const withoutNegativeZero = (value: Json): Json =>
  JSON.parse(JSON.stringify(value), (_, item: Json) => (item === 0 ? 0 : item)) as Json;

function failureOf(value: Json) {
  try {
    canonical(value);
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
  }
  return undefined;
}

describe('canonical', () => {
  it('is injective: the value can be read back from its text', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonical(value))).toEqual(withoutNegativeZero(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('stays injective in UTF-8, which is what is digested', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonical(value);
        expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text);
      }),
    );
  });

  it('does not depend on the order of names, at any depth', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonical(value);
        expect(canonical(reordered(value, (names) => names.toReversed()))).toBe(text);
        expect(canonical(reordered(value, (names) => [...names.slice(1), ...names.slice(0, 1)]))).toBe(text);
      }),
    );
  });

  it('depends on the order of lists', () => {
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
  });

  it('tells all types and nestings apart', () => {
    const lookalikes: readonly Json[] = [
      ...[1, '1', true, 'true', false, 'false', null, 'null', '', 0, '0', [], '[]', {}, '{}', [[]], [{}], [null]],
      ...[{ a: 1 }, { a: '1' }, { a: [1] }, [{ a: 1 }], '{"a":1}', ['a', 1], [['a', 1]], { a: null }, { '': 1 }],
      ...[['a,b'], ['a', 'b'], ['a","b'], 'a\\', 'a\\\\', { 'a:1': 1 }, { a: { b: 1 } }, { 'a.b': 1 }, '\u0000'],
    ];
    expect(new Set(lookalikes.map(canonical)).size).toBe(lookalikes.length);
  });

  it('writes numbers as RFC 8785 does', () => {
    // From appendix B of the RFC.
    const expected: readonly (readonly [number, string])[] = [
      [0, '0'],
      [-0, '0'],
      [5e-324, '5e-324'],
      [-5e-324, '-5e-324'],
      [1.7976931348623157e308, '1.7976931348623157e+308'],
      [9007199254740992, '9007199254740992'],
      [295147905179352830000, '295147905179352830000'],
      [9.999999999999997e22, '9.999999999999997e+22'],
      [1e23, '1e+23'],
      [1.0000000000000001e23, '1.0000000000000001e+23'],
      [999999999999999700000, '999999999999999700000'],
      [1e21, '1e+21'],
      [9.999999999999997e-7, '9.999999999999997e-7'],
      [0.000001, '0.000001'],
      [333333333.3333332, '333333333.3333332'],
      [-0.0000033333333333333333, '-0.0000033333333333333333'],
      [1424953923781206.2, '1424953923781206.2'],
    ];
    for (const [number, text] of expected) expect(canonical(number)).toBe(text);
  });

  it('tells neighbouring numbers apart', () => {
    expect(canonical(0.1 + 0.2)).not.toBe(canonical(0.3));
  });

  it('sorts names by UTF-16 code units, as the example of RFC 8785 shows', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const values = [...canonical(value).matchAll(/:"([^"]*)"/g)].map(([, text]) => text);
    expect(values).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it('escapes texts as RFC 8785 does', () => {
    expect(canonical('\u20ac$\u000f\u000aA\'B"\\\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
    expect(canonical('\u007f\u2028')).toBe('"\u007f\u2028"');
  });

  it('keeps lone surrogates apart, which UTF-8 alone would not', () => {
    const texts = ['\ud800', '\udc00', '\ufffd', '\\ud800'].map((text) => Buffer.from(canonical(text)).toString('hex'));
    expect(new Set(texts).size).toBe(4);
  });

  it('keeps a name __proto__', () => {
    const value = JSON.parse('{"__proto__":{"a":1}}') as Json;
    expect(canonical(value)).toBe('{"__proto__":{"a":1}}');
  });

  it.each([
    [NaN, 'the value is NaN'],
    [{ a: { b: [1, Infinity] } }, 'a.b.1 is Infinity'],
    [{ lr: -Infinity }, 'lr is -Infinity'],
    [[0, [NaN]], '1.0 is NaN'],
  ])('refuses a number that is not finite, and names its place: %j', (value, message) => {
    expect(failureOf(value)).toEqual({ code: 'non-finite-number', message, expected: 'a finite number' });
  });

  it('throws at what is no JSON, instead of leaving it out', () => {
    const broken = { a: undefined } as unknown as Json;
    expect(() => canonical(broken)).toThrow(new TypeError('expected JSON, got undefined'));
    expect(() => canonical(10n as unknown as Json)).toThrow(TypeError);
  });
});
