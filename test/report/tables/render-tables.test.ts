import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/plan.ts';
import { reportMarkdown } from '../../../src/report/report-markdown.ts';
import {
  isSameTable,
  placeOf,
  renderTables,
  tableProblems,
  type ReportContext,
} from '../../../src/report/tables/render-tables.ts';
import { accuracy, cell, outcomes, plan, study, studyOutcomes } from '../sample-plan.ts';

let folder = '';
let context: ReportContext = { run: 'r1', commit: 'abc', command: 'kdpipe run study.yaml', pipelineFolder: '' };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-report-'));
  context = { ...context, pipelineFolder: folder };
});

/** A study with several tables. */
function tables(...list: readonly Partial<Plan['tables'][number]>[]): Plan {
  const [table] = study().tables;
  if (!table) throw new Error('the study has no table');
  return { ...study(), tables: list.map((own) => ({ ...table, ...own })) };
}

describe('rendering tables', () => {
  it('renders each with its own template, in order', async () => {
    writeFileSync(join(folder, 'own.md.hbs'), '{{name}}: {{rows.length}} rows');
    const whole = tables({ name: 'a', template: 'csv' }, { name: 'b', template: 'own.md.hbs' }, { name: 'c' });
    const rendered = await renderTables(whole, studyOutcomes(), context);
    expect(rendered.map(({ table, text }) => [table.name, text.split('\n')[0]])).toEqual([
      ['a', 'model,teacher,kd_method,test.accuracy,test.accuracy sd,test.accuracy n,test.accuracy expected,source'],
      ['b', 'b: 4 rows'],
      ['c', '| model       | teacher  | kd_method |         test.accuracy |'],
    ]);
  });

  it('renders in the asked format instead', async () => {
    const start = async (format: 'json' | 'csv' | 'md' | 'latex' | 'html'): Promise<string> =>
      (await renderTables(study({ template: 'gone.hbs' }), studyOutcomes(), context, { format }))[0]?.text.slice(
        0,
        8,
      ) ?? '';
    expect([await start('csv'), await start('md'), await start('latex'), await start('html')]).toEqual([
      'model,te',
      '| model ',
      '% Needs ',
      '<table>\n',
    ]);
  });

  it('gives the view itself as JSON', async () => {
    const [table] = await renderTables(study(), studyOutcomes(), context, { format: 'json' });
    expect(JSON.parse(table?.text ?? '')).toEqual(table?.view);
    expect(table?.view.provenance).toEqual({ run: 'r1', commit: 'abc', command: 'kdpipe run study.yaml' });
  });

  it('shows published numbers of the pipeline’s folder', async () => {
    mkdirSync(join(folder, 'published'), { recursive: true });
    writeFileSync(
      join(folder, 'published/cub.yaml'),
      '- { row: { model: resnet50 }, columns: { test.accuracy: 0.79 }, source: a paper }\n',
    );
    const [table] = await renderTables(study({ published: 'published/cub.yaml' }), studyOutcomes(), context);
    expect(table?.text).toContain('published: a paper.');
    expect(table?.text).toContain('| resnet50    | none     | none      |      0.7900 (+0.0100) | published |');
  });

  it('takes published numbers by any name that its cells have, and refuses others with their place', async () => {
    const file = join(folder, 'published/cub.yaml');
    const whole = study({ published: 'published/cub.yaml' });
    mkdirSync(join(folder, 'published'), { recursive: true });
    writeFileSync(
      file,
      '- { row: { lr: 0.0001, kd_method: null }, columns: { test.accuracy: 0.79 }, source: a paper }\n',
    );
    const [table] = await renderTables(whole, studyOutcomes(), context);
    expect(table?.view.rows.map(({ origin }) => origin).slice(0, 3)).toEqual(['this run', 'published', 'this run']);
    writeFileSync(
      file,
      '- { row: { momentum: 0.9 }, columns: {}, source: a paper }\n- { row: { ema: false }, columns: {}, source: x }\n',
    );
    await expect(renderTables(whole, studyOutcomes(), context)).rejects.toMatchObject({
      failures: [{ code: 'bad-published', message: 'table results has no "momentum"', place: { line: 1 } }],
    });
  });

  it('links runs from where the table stands', async () => {
    const runs = async (into: string): Promise<string | undefined> =>
      (await renderTables(study({ into }), studyOutcomes(), context))[0]?.view.runsFolder;
    expect(await runs('README.md')).toBe('runs/study');
    expect(await runs('docs/results/all.md')).toBe('../../runs/study');
  });

  it('fails with the failures of all tables', async () => {
    const whole = tables({ rows: ['nobody'] }, { template: 'gone' }, {}, { published: 'gone.yaml' });
    await expect(renderTables(whole, studyOutcomes(), context)).rejects.toMatchObject({
      failures: [{ code: 'unknown-row-name' }, { code: 'unknown-template' }, { code: 'unreadable-published' }],
    });
  });

  it('renders nothing for a plan without tables', async () => {
    expect(await renderTables(tables(), studyOutcomes(), context)).toEqual([]);
  });
});

describe('whether a text is the same table', () => {
  const other = { run: 'r2 [x] (a|b)', commit: null, command: 'kdpipe report --format md <x> & more' };

  it.each(['markdown', 'kd-results', 'latex', 'html', 'csv'])(
    'does not depend on run, commit and command: %s',
    async (template) => {
      const [ours] = await renderTables(study({ template }), studyOutcomes(), context);
      const [theirs] = await renderTables(study({ template }), studyOutcomes(), { ...context, ...other });
      if (!ours || !theirs) throw new Error('no table');
      expect(isSameTable(ours.text.trimEnd(), theirs)).toBe(true);
      expect(isSameTable(theirs.text.trimEnd(), ours)).toBe(true);
      if (template !== 'csv') expect(theirs.text).not.toBe(ours.text);
    },
  );

  it('depends on every number, label and note', async () => {
    const [table] = await renderTables(study(), studyOutcomes(), context);
    if (!table) throw new Error('no table');
    const text = table.text.trimEnd();
    for (const [from, to] of [
      ['0.7510', '0.7511'],
      ['MGD', 'MGE'],
      ['n − 1', 'n'],
      ['| AT', '| at'],
      ['<sub>', '<b>'],
    ] as const) {
      expect(text).toContain(from);
      expect(isSameTable(text.replace(from, to), table)).toBe(false);
    }
    expect(isSameTable(`${text}\nmore`, table)).toBe(false);
    expect(isSameTable('', table)).toBe(false);
  });
});

describe('what is wrong with tables before a run', () => {
  it('is nothing, for a good pipeline', async () => {
    writeFileSync(join(folder, 'own.hbs'), '{{#each rows}}{{experiment}}{{/each}}');
    expect(await tableProblems(tables({}, { template: 'own.hbs' }), folder)).toEqual([]);
  });

  it('are names, templates and published numbers, all in one go', async () => {
    writeFileSync(join(folder, 'own.hbs'), '{{nmae}}');
    const whole = tables(
      { rows: ['nobody'] },
      { template: 'own.hbs' },
      { template: 'nothing' },
      { published: 'gone.yaml' },
    );
    expect((await tableProblems(whole, folder)).map(({ code }) => code)).toEqual([
      'unknown-row-name',
      'bad-template',
      'unknown-template',
      'unreadable-published',
    ]);
  });
});

describe('the place of a table', () => {
  const [table] = study().tables;
  if (!table) throw new Error('the study has no table');

  it('is relative to the project, unless it is absolute', () => {
    expect(placeOf({ ...table, into: 'docs/all.md' }, '/project')).toBe('/project/docs/all.md');
    expect(placeOf({ ...table, into: '/elsewhere/all.md' }, '/project')).toBe('/elsewhere/all.md');
    expect(placeOf(table, '/project')).toBeUndefined();
  });
});

describe('the report of a run', () => {
  it('has all tables, and what the stages took', async () => {
    const cells = [cell('data'), ...[0, 1, 2].map((seed) => cell(`student[seed=${seed}]`, { seed }))];
    const whole = plan(cells, { name: 'all', rows: [], cells: cells.slice(1).map(({ id }) => id) });
    const found = outcomes({ 'student[seed=0]': accuracy(0.7), 'student[seed=1]': accuracy(0.8) });
    const text = await reportMarkdown(whole, found, context, [
      { cell: 'data', end: 'reused', seconds: 0 },
      { cell: 'student[seed=0]', end: 'finished', seconds: 40 },
      { cell: 'student[seed=1]', end: 'finished', seconds: 42.5 },
    ]);
    expect(text).toBe(
      [
        '# study',
        '',
        'A study.',
        '',
        '## all',
        '',
        '|         test.accuracy |',
        '| --------------------: |',
        '| 0.7500 ± 0.0707 (2/3) |',
        '',
        '<sub>± is the sample standard deviation (n − 1) over n runs, which differ in seed.<br>A fraction like 2/3 says how many of the declared runs have a result so far.<br>Run r1, commit abc: <code>kdpipe run study.yaml</code></sub>',
        '',
        '## Stages',
        '',
        '| stage   | cells                     |       time |',
        '| ------- | ------------------------- | ---------: |',
        '| data    | 1 reused                  |     0.00 s |',
        '| student | 2 finished, 1 not reached | 1 min 23 s |',
        '',
      ].join('\n'),
    );
  });

  it('is written even where a table cannot be made', async () => {
    const text = await reportMarkdown(
      tables({ name: 'bad', rows: ['nobody'] }, { name: 'good' }),
      studyOutcomes(),
      context,
      [],
    );
    expect(text).toContain('## bad\n\ntable bad: no cell has "nobody", named in rows (unknown-row-name)\n');
    expect(text).toContain('## good\n\n| model ');
    expect(text).toContain('| score ');
  });
});
