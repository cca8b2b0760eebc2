import fc from 'fast-check';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { alignTable } from '../../../src/report/tables/align.ts';

describe('aligning a Markdown table', () => {
  it('fills cells up to the widest of their column, on the side that the dashes say', () => {
    const table = ['| model | acc |', '| --- | ---: |', '| a | 0.75 ± 0.01 |', '| longer | – |'].join('\n');
    expect(alignTable(table)).toBe(
      [
        '| model  |         acc |', //
        '| ------ | ----------: |',
        '| a      | 0.75 ± 0.01 |',
        '| longer |           – |',
      ].join('\n'),
    );
  });

  it('takes an escaped | for text', () => {
    const table = ['|a|b|', '|---|---|', String.raw`|x \| y|1|`].join('\n');
    expect(alignTable(table)).toBe(['| a      | b   |', '| ------ | --- |', String.raw`| x \| y | 1   |`].join('\n'));
  });

  it('counts columns of the screen, not code units', () => {
    const table = ['| 模型 | b |', '| --- | --- |', '| é | 1 |'].join('\n');
    expect(alignTable(table)).toBe(['| 模型 | b   |', '| ---- | --- |', '| é    | 1   |'].join('\n'));
  });

  it('keeps centred and left-hand colons', () => {
    const table = ['| a | b |', '| :-: | :-- |', '| 12345 | 1 |'].join('\n');
    expect(alignTable(table)).toBe(['| a     | b   |', '| :---: | :-- |', '| 12345 | 1   |'].join('\n'));
  });

  it('fills missing cells in', () => {
    expect(alignTable('| a | b |\n| --- | --- |\n| 1 |')).toBe('| a   | b   |\n| --- | --- |\n| 1   |     |');
  });

  it('leaves other lines alone, and text without a table', () => {
    expect(alignTable('no table\n\nat | all')).toBe('no table\n\nat | all');
    expect(alignTable('\n| a |\n| --- |\n')).toBe('\n| a   |\n| --- |\n');
    expect(alignTable('| not | a table |')).toBe('| not | a table |');
  });

  it('makes what prettier makes, so that formatting a README does not change its tables', async () => {
    const word = fc.stringMatching(/^[a-z0-9.±–é]{1,12}$/);
    const table = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 })).chain(([columns, rows]) =>
      fc.array(fc.array(word, { minLength: columns, maxLength: columns }), {
        minLength: rows + 1,
        maxLength: rows + 1,
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.array(fc.constantFrom('---', '---:'), { minLength: 5, maxLength: 5 }),
        async (cells, rules) => {
          const [heads = [], ...rows] = cells;
          const lines = [heads, heads.map((_, at) => rules[at] ?? '---'), ...rows].map(
            (row) => `| ${row.join(' | ')} |`,
          );
          const aligned = alignTable(lines.join('\n'));
          expect(await format(aligned, { parser: 'markdown' })).toBe(`${aligned}\n`);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('changes nothing the second time', () => {
    const cell = fc.string({ maxLength: 8 }).map((text) => text.replace(/[|\\\r\n]/g, ''));
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 }), (rows) => {
        const lines = ['| a | b | c |', '| --- | ---: | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)];
        const once = alignTable(lines.join('\n'));
        expect(alignTable(once)).toBe(once);
      }),
    );
  });
});
