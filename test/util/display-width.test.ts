import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, padded, shortened, truncated } from '../../src/util/display-width.ts';

/** Texts with characters of all widths. */
const text = fc
  .array(fc.constantFrom('a', 'b', '=', ',', 'é', '模', '型', '🐦', '±', 'e\u0301'), { maxLength: 30 })
  .map((parts) => parts.join(''));

describe('the width of a text', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['±–…Δ', 4],
    ['模型', 4],
    ['e\u0301', 1],
    ['🐦', 2],
    ['ｆ', 2],
    ['a\u200db', 2],
  ])('of %j is %i', (word, width) => {
    expect(displayWidth(word)).toBe(width);
  });

  it('adds up', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(displayWidth(a + b)).toBe(displayWidth(a) + displayWidth(b));
      }),
    );
  });
});

describe('cutting a text', () => {
  it('says that something is cut', () => {
    expect(truncated('abcdef', 4)).toBe('abc…');
    expect(truncated('abcdef', 6)).toBe('abcdef');
    expect(truncated('abcdef', 1)).toBe('…');
    expect(truncated('abcdef', 0)).toBe('');
    expect(truncated('模型模型', 4)).toBe('模…');
  });

  it('never exceeds its columns', () => {
    fc.assert(
      fc.property(text, fc.nat(40), (word, columns) => {
        expect(displayWidth(truncated(word, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('shortening a text in its middle', () => {
  it('keeps both ends', () => {
    expect(shortened('student[kd_method=MGD,seed=12]', 17)).toBe('student[…seed=12]');
    expect(shortened('abcdef', 3)).toBe('a…f');
    expect(shortened('abcdef', 2)).toBe('a…');
    expect(shortened('abcdef', 6)).toBe('abcdef');
  });

  it('never exceeds its columns, and changes nothing that fits', () => {
    fc.assert(
      fc.property(text, fc.nat(40), (word, columns) => {
        const short = shortened(word, columns);
        expect(displayWidth(short)).toBeLessThanOrEqual(columns);
        if (displayWidth(word) <= columns) expect(short).toBe(word);
      }),
    );
  });
});

describe('padding a text', () => {
  it('fills up to its columns, by width', () => {
    expect(padded('ab', 4)).toBe('ab  ');
    expect(padded('模', 4)).toBe('模  ');
    expect(padded('abcdef', 4)).toBe('abcdef');
  });
});
