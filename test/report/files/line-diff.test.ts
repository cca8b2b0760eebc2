import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineDiff } from '../../../src/report/files/line-diff.ts';

describe('a line diff', () => {
  it('of equal texts is empty', () => {
    expect(lineDiff('a\nb', 'a\nb')).toEqual([]);
  });

  it('shows what is only there and what is only wanted, in order', () => {
    expect(lineDiff('head\nold\ntail', 'head\nnew\ntail')).toEqual(['-old', '+new']);
    expect(lineDiff('a\nb\nc', 'a\nc')).toEqual(['-b']);
    expect(lineDiff('a\nc', 'a\nb\nc')).toEqual(['+b']);
    expect(lineDiff('1\nx\n2\ny\n3', '1\nX\n2\nY\n3')).toEqual(['-x', '+X', '-y', '+Y']);
  });

  it('shows blank lines, too', () => {
    expect(lineDiff('a\n\nb', 'a\nb')).toEqual(['-']);
    expect(lineDiff('', 'a')).toEqual(['-', '+a']);
  });

  it('is cut when it is long, and says so', () => {
    const many = Array.from({ length: 100 }, (_, at) => `line ${at}`).join('\n');
    const diff = lineDiff('none', many);
    expect(diff).toHaveLength(41);
    expect(diff.at(-1)).toBe('… and 61 more lines differ');
  });

  it('turns one text into the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = lineDiff(before.join('\n'), after.join('\n'));
        const removed = diff.filter((line) => line.startsWith('-')).length;
        const added = diff.filter((line) => line.startsWith('+')).length;
        expect(before.length - removed).toBe(after.length - added);
        const kept: string[] = [...before];
        for (const line of diff.filter((entry) => entry.startsWith('-'))) kept.splice(kept.indexOf(line.slice(1)), 1);
        const rest: string[] = [...after];
        for (const line of diff.filter((entry) => entry.startsWith('+'))) rest.splice(rest.indexOf(line.slice(1)), 1);
        expect([...kept].sort()).toEqual([...rest].sort());
      }),
    );
  });
});
