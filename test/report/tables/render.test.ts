import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format as prettier } from 'prettier';
import { describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import { unwrap } from '../../../src/core/result.ts';
import { tableView } from '../../../src/report/tables/build-view.ts';
import type { FormatName } from '../../../src/report/tables/formats.ts';
import { loadTemplate, renderTable, templates } from '../../../src/report/tables/render.ts';
import type { TableView } from '../../../src/report/tables/view.ts';
import { accuracy, cell, context, outcomes, plan, study, studyOutcomes } from '../sample-plan.ts';

/** The study's table, with everything that a table can have. */
function fullView(): TableView {
  const compare = { baseline: { kd_method: 'none', model: 'mobilenetv2' }, on: 'test.accuracy' };
  const whole = study({ title: 'Birds & <friends>', compare });
  const [table] = whole.tables;
  if (!table) throw new Error('the plan has no table');
  const row = new Map([
    ['model', 'mobilenetv2'],
    ['teacher', 'resnet50'],
    ['kd_method', 'MGD'],
  ]);
  const published = [
    { row, columns: new Map([['test.accuracy', 0.7839]]), source: 'the study, 2023', place: { file: 'cub.yaml' } },
  ];
  const found = new Map([...studyOutcomes()].filter(([id]) => id !== 'score[of=teacher]'));
  return unwrap(tableView(whole, table, found, { ...context, published }));
}

/** A table of one row whose label is any text. */
function viewOfLabel(label: string): TableView {
  const whole = plan([cell('s', { name: label })], { rows: ['name'] });
  const [table] = whole.tables;
  if (!table) throw new Error('the plan has no table');
  return unwrap(tableView(whole, table, outcomes({ s: accuracy(0.5) }), context));
}

/** Renders a template's text. */
const rendered = (text: string, view = fullView(), format: FormatName = 'markdown'): Promise<string> =>
  renderTable(view, { file: 'own.hbs', text, format });

/** The failure of rendering a template's text. */
async function failureOf(text: string): Promise<Failure | undefined> {
  try {
    await rendered(text);
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
  return undefined;
}

/** Renders a built-in template. */
const builtIn = async (name: keyof typeof templates, view = fullView()): Promise<string> =>
  renderTable(view, await loadTemplate(name, '.'));

describe('the built-in template', () => {
  it('markdown is a GitHub table with footnotes and footer', async () => {
    expect(await builtIn('markdown')).toBe(
      [
        '**Birds &amp; &lt;friends>**',
        '',
        '| model       | teacher  | kd_method |                 test.accuracy |            Δ test.accuracy | source    |',
        '| ----------- | -------- | --------- | ----------------------------: | -------------------------: | --------- |',
        '| resnet50    | none     | none      |                             – |                            | this run  |',
        '| mobilenetv2 | none     | none      |         0.7000 ± 0.0100 (n=3) |                            | this run  |',
        '| mobilenetv2 | resnet50 | MGD       |     **0.7510 ± 0.0105 (n=3)** | +0.0510 [+0.0485, +0.0535] | this run  |',
        '| mobilenetv2 | resnet50 | MGD       | 0.7839 (-0.0329 within noise) |                            | published |',
        '| mobilenetv2 | resnet50 | AT        |         0.7050 ± 0.0050 (n=3) | +0.0050 [-0.0323, +0.0423] | this run  |',
        '',
        '<sub>± is the sample standard deviation (n − 1) over n runs, which differ in seed.<br>– stands where no run has a result.<br>Bold: the best of its column, where it is better than the next best beyond noise (two-sided t-test over seeds, paired where possible, p &lt; 0.05).<br>Δ test.accuracy is the difference to the baseline (kd_method=none, model=mobilenetv2), paired by seed, with its 95 % confidence interval.<br>2 comparisons, not corrected for their number.<br>published: the study, 2023.<br>In brackets: ours − published, judged at 95 % each by the noise of one more run of our spread (t), where the images are not counted.<br>Run 20250101-120000-ab, commit 0123456: <code>kdpipe run study.yaml</code></sub>',
        '',
      ].join('\n'),
    );
  });

  it('kd-results has the form of the original study', async () => {
    const text = await builtIn('kd-results', { ...fullView(), title: null, compare: null, notes: [] });
    expect(text).toBe(
      [
        '| model                                                  |                 test accuracy |',
        '| ------------------------------------------------------ | ----------------------------: |',
        '| resnet50                                               |                             – |',
        '| mobilenetv2                                            |         0.7000 ± 0.0100 (n=3) |',
        '| teacher->resnet50 student->mobilenetv2 MGD             |     **0.7510 ± 0.0105 (n=3)** |',
        '| teacher->resnet50 student->mobilenetv2 MGD (published) | 0.7839 (-0.0329 within noise) |',
        '| teacher->resnet50 student->mobilenetv2 AT              |         0.7050 ± 0.0050 (n=3) |',
        '',
        '<sub>Run 20250101-120000-ab, commit 0123456: <code>kdpipe run study.yaml</code></sub>',
        '',
      ].join('\n'),
    );
  });

  it('latex is a booktabs table', async () => {
    expect(await builtIn('latex', { ...fullView(), notes: ['± is p < 5 %.'] })).toBe(
      [
        String.raw`% Needs \usepackage{booktabs}.`,
        String.raw`\begin{table}`,
        String.raw`  \centering`,
        String.raw`  \caption{Birds \& \textless{}friends\textgreater{}}`,
        String.raw`  \begin{tabular}{lllrrl}`,
        String.raw`    \toprule`,
        String.raw`    model & teacher & kd\_method & test.accuracy & $\Delta$ test.accuracy & source \\`,
        String.raw`    \midrule`,
        String.raw`    resnet50 & none & none & -- &  & this run \\`,
        String.raw`    mobilenetv2 & none & none & 0.7000 $\pm$ 0.0100 (n=3) &  & this run \\`,
        String.raw`    mobilenetv2 & resnet50 & MGD & \textbf{0.7510 $\pm$ 0.0105 (n=3)} & +0.0510 {[}+0.0485, +0.0535{]} & this run \\`,
        String.raw`    mobilenetv2 & resnet50 & MGD & 0.7839 (-0.0329 within noise) &  & published \\`,
        String.raw`    mobilenetv2 & resnet50 & AT & 0.7050 $\pm$ 0.0050 (n=3) & +0.0050 {[}-0.0323, +0.0423{]} & this run \\`,
        String.raw`    \bottomrule`,
        String.raw`  \end{tabular}`,
        '',
        String.raw`  \footnotesize $\pm$ is p \textless{} 5 \%. Run 20250101-120000-ab, commit 0123456: \texttt{kdpipe run study.yaml}`,
        String.raw`\end{table}`,
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['*', '    {*} & 0.5000 \\\\'],
    ['*.pth', '    {*}.pth & 0.5000 \\\\'],
    ['[1]', '    {[}1{]} & 0.5000 \\\\'],
    ['[2em] wide', '    {[}2em{]} wide & 0.5000 \\\\'],
  ])('latex keeps all characters of a label after the line break of the row before: %s', async (label, line) => {
    const view = viewOfLabel(label);
    expect((await builtIn('latex', view)).split('\n')).toContain(line);
  });

  it('csv has a column for corrected p-values where they are asked for', async () => {
    const plain = fullView();
    const compare = plain.compare && { ...plain.compare, correction: 'holm' as const };
    const rows = plain.rows.map((row) => ({
      ...row,
      difference: row.difference && { ...row.difference, correctedP: 0.25 },
    }));
    const [head, ...lines] = (await builtIn('csv', { ...plain, compare, rows })).trimEnd().split('\n');
    expect(head).toMatch(/,difference p,difference p holm,source$/);
    expect(lines[2]).toMatch(/,0\.25,$/);
    expect(lines[1]).toMatch(/,3,3,{10}$/);
    expect(new Set([head, ...lines].map((line) => (line ?? '').replace(/"[^"]*"/g, '').split(',').length)).size).toBe(
      1,
    );
  });

  it('csv has one line a row, with all digits', async () => {
    const [head, ...lines] = (await builtIn('csv')).trimEnd().split('\n');
    expect(head).toBe(
      'model,teacher,kd_method,test.accuracy,test.accuracy sd,test.accuracy n,test.accuracy expected,test.accuracy ours - published,test.accuracy low,test.accuracy high,test.accuracy p,difference test.accuracy,difference low,difference high,difference p,source',
    );
    expect(lines[0]).toBe('resnet50,none,none,,,0,1,,,,,,,,,');
    expect(lines[1]).toMatch(/^mobilenetv2,none,none,0\.7,0\.01\d*,3,3,,,,,,,,,$/);
    const beside = (lines[3] ?? '').split(',');
    expect([...beside.slice(0, 7), ...beside.slice(11)]).toEqual(
      'mobilenetv2,resnet50,MGD,0.7839,,1,1,,,,,"the study, 2023"'.split(','),
    );
    // scipy.stats.t(2): 0.751 − 0.7839 over √(1.11e-4 · (1 + 1/3)).
    expect(beside.slice(7, 11).map(Number)).toEqual([
      expect.closeTo(-0.0329, 14),
      expect.closeTo(-0.08524402961081085, 10),
      expect.closeTo(0.019444029610810765, 10),
      expect.closeTo(0.11385112517537015, 10),
    ]);
    expect(new Set([head, ...lines].map((line) => (line ?? '').replace(/"[^"]*"/g, 'x').split(',').length))).toEqual(
      new Set([16]),
    );
    const numbers = (lines[2] ?? '').split(',').slice(3).map(Number);
    expect(numbers[0]).toBeCloseTo(0.751, 14);
    expect(numbers[8]).toBeCloseTo(0.051, 14);
    expect(numbers[11]).toBeCloseTo(0.000128131, 8);
  });

  it('csv quotes names that hold commas, with what it adds to them', async () => {
    const view = fullView();
    const columns = view.columns.map((column) => ({ ...column, name: 'a,b' }));
    expect(await builtIn('csv', { ...view, columns })).toContain('"a,b","a,b sd","a,b n","a,b expected"');
  });

  it('html is a self-contained table', async () => {
    const text = await builtIn('html');
    expect(text).toContain('<caption>Birds &amp; &lt;friends&gt;</caption>');
    expect(text).toContain('<td style="text-align: right"><strong>0.7510 ± 0.0105 (n=3)</strong></td>');
    expect(text).toContain('<code>kdpipe run study.yaml</code>');
    expect(text.match(/<tr>/g)).toHaveLength(6);
    const cells = [...text.matchAll(/<tr>(.*)<\/tr>/g)].map(([, row]) => row?.match(/<t[dh]/g)?.length);
    expect(new Set(cells)).toEqual(new Set([6]));
  });

  it.each(['markdown', 'kd-results'] as const)('%s is left alone by prettier', async (name) => {
    const text = await builtIn(name);
    expect(await prettier(text, { parser: 'markdown', printWidth: 120 })).toBe(text);
  });

  it.each(Object.keys(templates) as (keyof typeof templates)[])(
    '%s renders a table without rows or columns',
    async (name) => {
      const view = { ...fullView(), rows: [], columns: [], rowNames: [], notes: [], compare: null };
      expect(await builtIn(name, view)).toMatch(/\S/);
    },
  );

  it.each(['markdown', 'kd-results', 'html'] as const)('%s cannot be made to close its region', async (name) => {
    const marker = '<!-- /kdpipe:results -->';
    expect(await builtIn(name, viewOfLabel(marker))).not.toContain(marker);
    expect(await builtIn(name, { ...viewOfLabel('x'), title: marker })).not.toContain(marker);
  });
});

describe('a template of one’s own', () => {
  it('reads every field of the view', async () => {
    expect(await rendered('{{name}} of {{pipeline}}: {{#each rows}}{{experiment}}; {{/each}}')).toBe(
      'results of study: resnet50; mobilenetv2; teacher->resnet50 student->mobilenetv2 MGD; teacher->resnet50 student->mobilenetv2 MGD; teacher->resnet50 student->mobilenetv2 AT;\n',
    );
  });

  it('formats numbers: {{number}}, {{percent}}, and a dash for null', async () => {
    const each =
      '{{#each rows}}{{#each values}}{{number mean 2}} {{percent mean 1}} {{number sd 3}}\n{{/each}}{{/each}}';
    expect(await rendered(each)).toBe('– – –\n0.70 70.0 0.010\n0.75 75.1 0.011\n0.78 78.4 –\n0.70 70.5 0.005\n');
  });

  it('links runs to their folders', async () => {
    expect(await rendered('{{#with rows.[2]}}{{#each runs}}{{runLink this}}{{/each}}{{/with}}')).toBe(
      '[r1](runs/study/r1/)\n',
    );
    const html = await rendered(
      '{{#with rows.[2]}}{{#each runs}}{{runLink this}}{{/each}}{{/with}}',
      fullView(),
      'html',
    );
    expect(html).toBe('<a href="runs/study/r1/">r1</a>\n');
  });

  it('compares plain texts, whatever the format escapes', async () => {
    const template = '{{#each rowNames}}{{#if (eq this "kd_method")}}{{this}}{{/if}}{{/each}}';
    expect(await rendered(template, fullView(), 'latex')).toBe('kd\\_method\n');
  });

  it('escapes for its format, and writes plain with three braces', async () => {
    const view = viewOfLabel('a|b & <c>_');
    const template = '{{#each rows}}{{#each labels}}{{text}} {{{text}}}{{/each}}{{/each}}';
    expect(await rendered(template, view)).toBe('a\\|b &amp; &lt;c>\\_ a|b & <c>_\n');
    expect(await rendered(template, view, 'html')).toBe('a|b &amp; &lt;c&gt;_ a|b & <c>_\n');
  });

  it('ends with one line break', async () => {
    expect(await rendered('x\n\n\n')).toBe('x\n');
    expect(await rendered('x')).toBe('x\n');
  });

  it('takes its format from the ending before .hbs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kdpipe-templates-'));
    for (const [ending, format] of Object.entries({
      md: 'markdown',
      html: 'html',
      tex: 'latex',
      csv: 'csv',
      txt: 'markdown',
    })) {
      writeFileSync(join(folder, `own.${ending}.hbs`), 'x');
      expect(await loadTemplate(`own.${ending}.hbs`, folder)).toEqual({
        file: `own.${ending}.hbs`,
        text: 'x',
        format,
        builtIn: false,
      });
    }
    writeFileSync(join(folder, 'own.hbs'), 'x');
    expect((await loadTemplate('own.hbs', folder)).format).toBe('markdown');
  });
});

describe('a wrong template', () => {
  it.each([
    ['an unknown name', '{{name}}\n{{nmae}}', 2],
    ['an unknown field', 'x\n\n{{provenance.comit}}', 3],
    ['an unknown field inside a block', '{{#each rows}}\n{{sorce}}\n{{/each}}', 2],
  ])('with %s says where', async (_what, text, line) => {
    expect(await failureOf(text)).toMatchObject({ code: 'bad-template', place: { file: 'own.hbs', line } });
  });

  it('names what is not defined', async () => {
    expect((await failureOf('{{nmae}}'))?.message).toBe(
      'the template cannot be rendered: "nmae" not defined in the view',
    );
  });

  it.each([
    ['an open block', '{{#each rows}}'],
    ['a wrong end', '{{#if name}}{{/each}}'],
    ['an open mustache', '{{name'],
    ['an unknown helper', '{{shout name}}'],
    ['an unknown block helper', '{{#shout name}}{{/shout}}'],
    ['a partial', '{{> secrets}}'],
    ['a file as a partial', '{{> ../../etc/passwd}}'],
    ['the log helper', '{{log name}}'],
    ['a decorator', '{{* decorate}}'],
    ['a recursion without end', '{{#*inline "a"}}{{> a}}{{/inline}}{{> a}}'],
    ['decimals that are none', '{{number 1 "x"}}'],
    ['too many decimals', '{{number 1 99}}'],
    ['a number that is none', '{{percent name 2}}'],
  ])('with %s is a failure', async (_what, text) => {
    expect(await failureOf(text)).toMatchObject({ code: 'bad-template', place: { file: 'own.hbs' } });
  });

  it.each([
    '{{constructor}}',
    '{{__proto__}}',
    '{{rows.constructor}}',
    '{{name.constructor}}',
    '{{provenance.toString}}',
    '{{#with provenance}}{{hasOwnProperty}}{{/with}}',
    '{{lookup this "constructor"}}',
    '{{#with (lookup this "__proto__")}}{{constructor}}{{/with}}',
    '{{name.plain.constructor}}',
    '{{name.format.escape.constructor}}',
  ])('does not reach prototypes or functions: %s', async (text) => {
    const failure = await failureOf(text);
    if (failure) expect(failure.code).toBe('bad-template');
    else expect((await rendered(text)).trim()).toBe('');
  });

  it('that does not exist is a failure, with what exists', async () => {
    await expect(loadTemplate('markdwon', '.')).rejects.toMatchObject({
      failures: [{ code: 'unknown-template', fix: expect.stringContaining('markdown') as string }],
    });
    await expect(loadTemplate('nowhere.hbs', '/tmp')).rejects.toMatchObject({
      failures: [{ code: 'unreadable-template', place: { file: 'nowhere.hbs' } }],
    });
    await expect(loadTemplate('toString', '.')).rejects.toMatchObject({ failures: [{ code: 'unknown-template' }] });
  });
});
