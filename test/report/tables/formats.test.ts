import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formats } from '../../../src/report/tables/formats.ts';

describe('Markdown', () => {
  const { escape, bold, link } = formats.markdown;

  it.each([
    ['a|b', String.raw`a\|b`],
    ['<!-- /kdpipe:results -->', '&lt;!-- /kdpipe:results -->'],
    ['<script>', '&lt;script>'],
    ['R&D &lt;', 'R&amp;D &amp;lt;'],
    ['**bold**', String.raw`\*\*bold\*\*`],
    ['`code`', String.raw`\`code\``],
    [String.raw`a\b`, String.raw`a\\b`],
    ['kd_method', 'kd_method'],
    ['_emphasis_', String.raw`\_emphasis\_`],
    ['two\nlines \r\n here', 'two lines here'],
    ['[3, 4]', '[3, 4]'],
    ['[text](javascript:x)', String.raw`[text\](javascript:x)`],
    ['student[seed=0]', 'student[seed=0]'],
    ['0.75 ± 0.01 (n=3)', '0.75 ± 0.01 (n=3)'],
  ])('writes %j as %j', (text, escaped) => {
    expect(escape(text)).toBe(escaped);
  });

  it('never holds what would end a cell, a line or a region', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = escape(text);
        expect(escaped).not.toMatch(/[\r\n<]/);
        expect(escaped.replace(/\\[\s\S]/g, '')).not.toContain('|');
      }),
    );
  });

  it('marks and links', () => {
    expect(bold('0.75')).toBe('**0.75**');
    expect(link('run', 'runs/a b/c/')).toBe('[run](runs/a%20b/c/)');
    expect(link('run', 'runs/(x)/')).toBe('[run](runs/%28x%29/)');
  });
});

describe('HTML', () => {
  const { escape, bold, link } = formats.html;

  it('lets no text become markup', () => {
    expect(escape(`<img src=x onerror="a('b')"> & more`)).toBe(
      '&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt; &amp; more',
    );
  });

  it('marks and links, with safe addresses', () => {
    expect(bold('0.75')).toBe('<strong>0.75</strong>');
    expect(link('run', 'runs/"x"/')).toBe('<a href="runs/%22x%22/">run</a>');
    expect(link('run', "runs/'x'&y/")).toBe('<a href="runs/&#39;x&#39;&amp;y/">run</a>');
  });
});

describe('LaTeX', () => {
  const { escape, bold, link } = formats.latex;

  it.each([
    ['kd_method', String.raw`kd\_method`],
    ['50 % & more', String.raw`50 \% \& more`],
    ['$5 #1 {x}', String.raw`\$5 \#1 \{x\}`],
    ['a~b^c', String.raw`a\textasciitilde{}b\textasciicircum{}c`],
    [String.raw`\input{/etc/passwd}`, String.raw`\textbackslash{}input\{/etc/passwd\}`],
    ['teacher->resnet50', String.raw`teacher-\textgreater{}resnet50`],
    ['p < 0.05', String.raw`p \textless{} 0.05`],
    ['0.75 ± 0.01', String.raw`0.75 $\pm$ 0.01`],
    ['–', '--'],
    ['Δ', String.raw`$\Delta$`],
    ['[3, 4]', '{[}3, 4{]}'],
  ])('writes %j as %j', (text, escaped) => {
    expect(escape(text)).toBe(escaped);
  });

  it('leaves no sign of its own in any text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z\\{}&%$#_~^<>|[\]]*$/), (text) => {
        const known = /\\text[a-z]+\{\}|\\[{}&%$#_]|\{[[\]]\}/g;
        expect(escape(text).replace(known, '')).toMatch(/^[a-z]*$/);
      }),
    );
  });

  it('marks, and leaves addresses out', () => {
    expect(bold('0.75')).toBe(String.raw`\textbf{0.75}`);
    expect(link('run', 'runs/x/')).toBe('run');
  });
});

describe('CSV', () => {
  const { escape } = formats.csv;

  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    [' padded', '" padded"'],
    ['', ''],
    ['-0.25', '-0.25'],
    ['+1e-3', '+1e-3'],
    ['=1+2', "'=1+2"],
    ['+A1', "'+A1"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['＝1', "'＝1"],
    ['=HYPERLINK("a","b")', `"'=HYPERLINK(""a"",""b"")"`],
  ])('writes %j as %j', (text, escaped) => {
    expect(escape(text)).toBe(escaped);
  });

  it('gives back every text, behind an apostrophe where a spreadsheet would compute it', () => {
    const read = (field: string): string => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect([text, /^[\s\0]*[=+\-@]/.test(text) ? `'${text}` : text]).toContain(read(escape(text)));
      }),
    );
  });
});
