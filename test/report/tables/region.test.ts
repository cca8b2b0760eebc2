import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/failure.ts';
import { unwrap } from '../../../src/core/result.ts';
import { page } from '../../../src/core/table-file.ts';
import { findRegion, regionContent, withRegion, type Place } from '../../../src/report/tables/region.ts';

/** The markers of a table. */
const open = (name = 'results'): string => `<!-- kdpipe:${name} -->`;
const close = (name = 'results'): string => `<!-- /kdpipe:${name} -->`;

/** The place of a table in a page. */
const placeOf = (name: string): Place => ({ name, file: 'README.md', marking: page.marking });

/** Replaces the region of a table. */
function replaced(text: string, content: string, name = 'results'): string {
  return withRegion(text, unwrap(findRegion(text, placeOf(name))), content);
}

/** The failure of finding a region. */
function failureOf(lines: readonly string[], name = 'results'): Failure | undefined {
  const region = findRegion(lines.join('\n'), placeOf(name));
  return region.ok ? undefined : region.failures[0];
}

describe('a region', () => {
  it('is looked for with the others of its file in one walk over the lines', () => {
    let looked = 0;
    const [line = /$^/] = page.marking.lines;
    const counting = Object.assign(new RegExp(line), {
      exec: (text: string) => {
        looked++;
        return line.exec(text);
      },
    });
    const marking = { ...page.marking, lines: [counting] };
    const names = Array.from({ length: 100 }, (_, at) => `t${at}`);
    const text = names.map((name) => `${open(name)}\n${close(name)}\n`).join('');
    for (const name of names) expect(findRegion(text, { ...placeOf(name), marking }).ok).toBe(true);
    expect(looked).toBeLessThan(300);
  });

  it('is replaced between its markers, and blank lines keep the table apart from them', () => {
    const text = ['# Title', '', open(), 'old', close(), '', 'End.', ''].join('\n');
    expect(replaced(text, '| a |\n| --- |\n')).toBe(
      ['# Title', '', open(), '', '| a |', '| --- |', '', close(), '', 'End.', ''].join('\n'),
    );
  });

  it('may be empty, and may end the file without a line break', () => {
    expect(replaced(`${open()}\n${close()}`, 'x')).toBe(`${open()}\n\nx\n\n${close()}`);
  });

  it('keeps the line breaks of its file', () => {
    const text = `a\r\n${open()}\r\nold\r\n${close()}\r\nb\r\n`;
    const done = replaced(text, 'x\ny\n');
    expect(done).toBe(`a\r\n${open()}\r\n\r\nx\r\ny\r\n\r\n${close()}\r\nb\r\n`);
    expect(done.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('keeps line breaks outside as they are, even mixed ones', () => {
    const before = '\u{feff}a\r\nb\nc\rd\n\n';
    const after = '\r\n\n\re';
    const text = `${before}${open()}\n${close()}${after}`;
    const done = replaced(text, 'x');
    expect(done.startsWith(before + open())).toBe(true);
    expect(done.endsWith(close() + after)).toBe(true);
  });

  it('gives its content back, whatever line breaks it has', () => {
    for (const eol of ['\n', '\r\n']) {
      const text = [open(), close()].join(eol);
      const done = replaced(text, 'x\n\ny\n');
      expect(regionContent(done, unwrap(findRegion(done, placeOf('results'))))).toBe('x\n\ny');
    }
  });

  it('is found among the regions of other tables', () => {
    const text = [open('a'), 'A', close('a'), open('b'), 'B', close('b')].join('\n');
    expect(replaced(text, 'x', 'b')).toBe([open('a'), 'A', close('a'), open('b'), '', 'x', '', close('b')].join('\n'));
  });

  it('is not confused by names that begin alike', () => {
    const text = [open('a-long'), 'A', close('a-long'), open('a'), 'B', close('a')].join('\n');
    expect(replaced(text, 'x', 'a')).toContain([open('a-long'), 'A', close('a-long')].join('\n'));
  });

  it('may be indented a little, and stand behind a LaTeX comment sign', () => {
    expect(replaced(`  ${open()}\nold\n   ${close()} \n`, 'x')).toBe(`  ${open()}\n\nx\n\n   ${close()} \n`);
    expect(replaced(`% ${open()}\nold\n%% ${close()}\n`, 'x')).toBe(`% ${open()}\n\nx\n\n%% ${close()}\n`);
  });
});

describe('a marker that is text', () => {
  const real = [open(), 'old', close()];

  it.each([
    ['a fence', ['```', ...real, '```']],
    ['a fence with a language', ['```md', ...real, '```']],
    ['a fence of tildes', ['~~~', ...real, '~~~']],
    ['a longer fence around a shorter', ['````', '```', ...real, '```', '````']],
    ['a fence of the other sign', ['~~~', '```', ...real, '~~~']],
    ['an indented fence', ['   ```', ...real, '   ```']],
    ['indented code', real.map((line) => `    ${line}`)],
    ['a sentence', [`between \`${open()}\` and \`${close()}\``]],
    ['a line with more text', [`see ${open()}`, `${close()} there`]],
    ['a fence that is never closed', ['```', ...real]],
  ])('is one in %s', (_what, lines) => {
    expect(failureOf(lines)?.code).toBe('missing-marker');
  });

  it('does not hide a real one after it', () => {
    const text = ['```', ...real, '```', '', ...real].join('\n');
    expect(replaced(text, 'x')).toBe(['```', ...real, '```', '', open(), '', 'x', '', close()].join('\n'));
  });

  it('ends with its fence only: a bare one at least as long', () => {
    expect(failureOf(['````', '```', '````', ...real])).toBeUndefined();
    expect(failureOf(['```', '````', ...real])).toBeUndefined();
    expect(failureOf(['```', '```js', ...real])?.code).toBe('missing-marker');
    expect(failureOf(['``` a`b', ...real])).toBeUndefined();
  });
});

describe('a wrong marker', () => {
  it('that is missing says which lines to add', () => {
    expect(failureOf(['# Title'])).toEqual({
      code: 'missing-marker',
      message: 'the file has no place for table results',
      place: { file: 'README.md' },
      expected:
        'the lines <!-- kdpipe:results --> and <!-- /kdpipe:results -->, each alone on its line and outside of code blocks',
      fix: 'add both lines where the table should be',
    });
  });

  it.each<[string, readonly string[], string, number]>([
    ['opened twice', [open(), close(), 'x', open()], 'doubled-marker', 4],
    ['opened and closed twice', [open(), close(), open(), close()], 'doubled-marker', 3],
    ['closed twice', [open(), close(), '', close()], 'doubled-marker', 4],
    ['never closed', ['a', open(), 'x'], 'unclosed-marker', 2],
    ['never opened', ['a', 'b', close()], 'unopened-marker', 3],
    ['swapped', [close(), open()], 'swapped-markers', 1],
    ['around another', [open(), open('other'), close('other'), close()], 'nested-marker', 2],
    ['across another', [open(), close('other'), close()], 'nested-marker', 2],
    ['closed in code only', [open(), '```', close(), '```'], 'unclosed-marker', 1],
  ])('that is %s says where', (_what, lines, code, line) => {
    expect(failureOf(lines)).toMatchObject({ code, place: { file: 'README.md', line } });
    expect(failureOf(lines)?.fix).toMatch(/\S/);
  });

  it('is underlined in its line', () => {
    expect(failureOf(['', `  ${open()}`])?.place).toEqual({
      file: 'README.md',
      line: 2,
      column: 3,
      excerpt: `  ${open()}`,
      width: open().length,
    });
  });

  it('of another table is no matter, outside', () => {
    expect(failureOf([open('other'), open(), close(), close('third')])).toBeUndefined();
  });
});

/** Lines of a README without markers and without fences that stay open. */
const prose = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r\n`~]/g, '')),
      fc.constantFrom('', '# Head', '| a | b |', '```\n<!-- kdpipe:results -->\n```', '<!-- a comment -->', '    code'),
    ),
    { maxLength: 6 },
  )
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

/** What a table's text may be. */
const tableText = fc
  .array(fc.stringMatching(/^[ -_a-z|±–]{0,20}$/), { minLength: 1, maxLength: 5 })
  .map((lines) => lines.join('\n').trim())
  .filter((text) => text !== '');

describe('replacing a region, whatever stands around it', () => {
  const files = fc.record({
    before: prose,
    old: prose,
    between: prose,
    other: tableText,
    after: prose,
    eol: fc.constantFrom('\n', '\r\n'),
  });

  /** A file with two regions. */
  const fileOf = (parts: {
    before: string;
    old: string;
    between: string;
    other: string;
    after: string;
    eol: string;
  }): string =>
    `${parts.before}${open()}\n${parts.old}${close()}\n${parts.between}${open('other')}\n${parts.other}\n${close('other')}\n${parts.after}`.replaceAll(
      '\n',
      parts.eol,
    );

  it('changes no byte outside of it', () => {
    fc.assert(
      fc.property(files, tableText, (parts, table) => {
        const text = fileOf(parts);
        const done = replaced(text, table);
        const head = `${parts.before}${open()}\n`.replaceAll('\n', parts.eol);
        const tail = text.slice(
          text.indexOf(`${close()}${parts.eol}${parts.between.replaceAll('\n', parts.eol)}${open('other')}`),
        );
        expect(done.startsWith(head)).toBe(true);
        expect(done.endsWith(tail)).toBe(true);
        expect(done.length).toBe(head.length + tail.length + `\n${table}\n\n`.replaceAll('\n', parts.eol).length);
      }),
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(files, tableText, (parts, table) => {
        const once = replaced(fileOf(parts), table);
        expect(replaced(once, table)).toBe(once);
      }),
    );
  });

  it('leaves the other table as it was, and gives the same file in either order', () => {
    fc.assert(
      fc.property(files, tableText, tableText, (parts, mine, theirs) => {
        const text = fileOf(parts);
        const first = replaced(text, mine);
        const other = unwrap(findRegion(first, placeOf('other')));
        expect(first.slice(other.start, other.end)).toBe(`${parts.other}\n`.replaceAll('\n', parts.eol));
        expect(replaced(first, theirs, 'other')).toBe(replaced(replaced(text, theirs, 'other'), mine));
      }),
    );
  });

  it('never throws for any text: it gives a region or a failure', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(open(), close(), open('b'), close('b'), '```', '~~~~', '', '\r', '% '),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n', '\r'), (lines, eol) => {
        const text = lines.join(eol);
        const region = findRegion(text, placeOf('results'));
        if (region.ok) expect(region.value.start).toBeLessThanOrEqual(region.value.end);
        else expect(region.failures).toHaveLength(1);
      }),
    );
  });
});
