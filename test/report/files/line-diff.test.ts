import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineDiff } from '../../../src/report/files/line-diff.ts';

/** Length of the longest common subsequence, by its definition. */
function commonLength([a, ...left]: readonly string[], [b, ...right]: readonly string[]): number {
  if (a === undefined || b === undefined) return 0;
  const memo = new Map<string, number>();
  const [first, second] = [
    [a, ...left],
    [b, ...right],
  ];
  const from = (i: number, j: number): number => {
    if (i >= first.length || j >= second.length) return 0;
    const known = memo.get(`${i},${j}`);
    if (known !== undefined) return known;
    const length = first[i] === second[j] ? 1 + from(i + 1, j + 1) : Math.max(from(i + 1, j), from(i, j + 1));
    memo.set(`${i},${j}`, length);
    return length;
  };
  return from(0, 0);
}

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

  it('is the shortest, and found in a moment, in 110,000 lines of which some differ', () => {
    const lines = Array.from({ length: 110_000 }, (_, at) => `row ${at}`);
    const other = [...lines.slice(0, 5), ...lines.slice(6, 50_000), 'new', ...lines.slice(50_000)];
    expect(lineDiff(lines.join('\n'), other.join('\n'))).toEqual(['-row 5', '+new']);
  });

  it('of texts that have nothing in common takes no longer than they are', () => {
    const side = (name: string): string => Array.from({ length: 30_000 }, (_, at) => `${name} ${at}`).join('\n');
    const diff = lineDiff(side('a'), side('b'));
    expect([diff[0], diff.at(-1)]).toEqual(['-a 0', '… and 59960 more lines differ']);
  });

  it('turns one text into the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = lineDiff(before.join('\n'), after.join('\n'));
        const removed = diff.filter((line) => line.startsWith('-')).length;
        const added = diff.filter((line) => line.startsWith('+')).length;
        expect(before.length - removed).toBe(after.length - added);
        expect(removed).toBe(before.length - commonLength(before, after));
        const kept: string[] = [...before];
        for (const line of diff.filter((entry) => entry.startsWith('-'))) kept.splice(kept.indexOf(line.slice(1)), 1);
        const rest: string[] = [...after];
        for (const line of diff.filter((entry) => entry.startsWith('+'))) rest.splice(rest.indexOf(line.slice(1)), 1);
        expect([...kept].sort()).toEqual([...rest].sort());
      }),
    );
  });
});
