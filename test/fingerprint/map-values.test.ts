import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { mapValues } from '../../src/fingerprint/map-values.ts';

describe('mapValues', () => {
  it('maps each value, with its name, in the same order', () => {
    const mapped = mapValues({ b: 1, a: 2 }, (value, name) => `${name}${value}`);
    expect(Object.entries(mapped)).toEqual([
      ['b', 'b1'],
      ['a', 'a2'],
    ]);
  });

  it('keeps a name __proto__ as a name', () => {
    const values = JSON.parse('{"__proto__":{"x":1},"a":2}') as JsonObject;
    const mapped = mapValues(values, (value) => value);
    expect(JSON.stringify(mapped)).toBe('{"__proto__":{"x":1},"a":2}');
    expect(Object.getPrototypeOf(mapped)).toBe(Object.prototype);
  });

  it('leaves the original alone', () => {
    const values = { a: 1 };
    mapValues(values, () => 2);
    expect(values).toEqual({ a: 1 });
  });
});
