import { describe, expect, it } from 'vitest';
import { isJsonObject } from '../../src/core/json.ts';

describe('a JSON mapping', () => {
  it.each([{}, { a: 1 }, JSON.parse('{"a":[]}') as unknown])('is %j', (value) => {
    expect(isJsonObject(value)).toBe(true);
  });

  it.each([null, [], [{}], 'text', 1, true, undefined])('is not %j', (value) => {
    expect(isJsonObject(value)).toBe(false);
  });
});
