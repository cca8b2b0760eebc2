import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columns } from '../../src/cli/terminal.ts';

describe('columns', () => {
  it('are as wide as their widest cell, two blanks apart, the last one not padded', () => {
    expect(
      columns([
        ['stage', 'cells', ''],
        ['a', '10', 'done'],
        ['student', '1', ''],
      ]),
    ).toBe('stage    cells  \na        10     done\nstudent  1      ');
  });

  it('take rows of unequal length', () => {
    expect(columns([['a'], ['long', 'b'], ['c', 'd', 'e']])).toBe('a\nlong  b\nc     d  e');
  });

  it('of no rows are nothing', () => {
    expect(columns([])).toBe('');
  });

  it('start at the same place in every row, whatever is in them', () => {
    const cell = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1 }), (rows) => {
        const width = (at: 0 | 1) => Math.max(...rows.map((row) => row[at].length));
        for (const [index, line] of columns(rows).split('\n').entries()) {
          const [a, b, c] = rows[index] ?? ['', '', ''];
          expect(line.indexOf(b, a.length + 2)).toBe(width(0) + 2);
          expect(line.slice(width(0) + width(1) + 4)).toBe(c);
        }
      }),
    );
  });
});
