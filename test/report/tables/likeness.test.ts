import { describe, expect, it } from 'vitest';
import { isAlike, likenessOf, placeholders } from '../../../src/report/tables/likeness.ts';

const { run, commit, command } = placeholders;

describe('what tables of different runs have in common', () => {
  it('is all but run, commit and command', () => {
    const likeness = likenessOf(`a | b\nRun ${run}, commit ${commit}: ${command}.\n`);
    expect(isAlike('a | b\nRun r2, commit c2: kdpipe run x.', likeness)).toBe(true);
    expect(isAlike('a | b\nRun , commit : .', likeness)).toBe(true);
    expect(isAlike('a | c\nRun r2, commit c2: kdpipe run x.', likeness)).toBe(false);
    expect(isAlike('a | b\nRun r2, commit c2: kdpipe run x', likeness)).toBe(false);
    expect(isAlike('a | b\nRun r2: kdpipe run x.', likeness)).toBe(false);
  });

  it('never reaches over a line', () => {
    const likeness = likenessOf(`(${run})`);
    expect(isAlike('(a)', likeness)).toBe(true);
    expect(isAlike('(a\nb)', likeness)).toBe(false);
    expect(isAlike('(a)\n', likeness)).toBe(false);
  });

  it('takes no character twice', () => {
    expect(isAlike('aba', likenessOf(`ab${run}ba`))).toBe(false);
    expect(isAlike('abba', likenessOf(`ab${run}ba`))).toBe(true);
    expect(isAlike('xabx', likenessOf(`x${run}ab${run}bx`))).toBe(false);
  });

  it('is found in 20,000 rows, and in a line with many runs, in a moment', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => `| row ${at} | (0.5) |`).join('\n');
    expect(isAlike(`${rows}\nby r9`, likenessOf(`${rows}\nby ${run}`))).toBe(true);
    const many = Array.from({ length: 200 }, () => `a${run}`).join('');
    const start = performance.now();
    expect(isAlike('a'.repeat(10_000), likenessOf(`${many}b`))).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
