import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, padEnd, shorten, truncate } from '../../src/util/display-width.ts';

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
    // A family, a flag and a hand of one skin are one character each.
    ['👨‍👩‍👧', 2],
    ['🇨🇭', 2],
    ['👍🏽', 2],
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
    expect(truncate('abcdef', 4)).toBe('abc…');
    expect(truncate('abcdef', 6)).toBe('abcdef');
    expect(truncate('abcdef', 1)).toBe('…');
    expect(truncate('abcdef', 0)).toBe('');
    expect(truncate('模型模型', 4)).toBe('模…');
    expect(truncate('👨‍👩‍👧 family', 4)).toBe('👨‍👩‍👧 …');
  });

  it('never exceeds its columns', () => {
    fc.assert(
      fc.property(text, fc.nat(40), (word, columns) => {
        expect(displayWidth(truncate(word, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('shortening a text in its middle', () => {
  it('keeps both ends', () => {
    expect(shorten('student[kd_method=MGD,seed=12]', 17)).toBe('student[…seed=12]');
    expect(shorten('abcdef', 3)).toBe('a…f');
    expect(shorten('abcdef', 2)).toBe('a…');
    expect(shorten('abcdef', 6)).toBe('abcdef');
  });

  it('never exceeds its columns, and changes nothing that fits', () => {
    fc.assert(
      fc.property(text, fc.nat(40), (word, columns) => {
        const short = shorten(word, columns);
        expect(displayWidth(short)).toBeLessThanOrEqual(columns);
        if (displayWidth(word) <= columns) expect(short).toBe(word);
      }),
    );
  });
});

describe('padding a text', () => {
  it('fills up to its columns, by width', () => {
    expect(padEnd('ab', 4)).toBe('ab  ');
    expect(padEnd('模', 4)).toBe('模  ');
    expect(padEnd('abcdef', 4)).toBe('abcdef');
  });
});
