import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Plan, TablePlan } from '../../../src/core/plan.ts';
import { checkPlaces, checkTables, writeTables } from '../../../src/report/tables/table-files.ts';
import { renderTables, type RenderedTable, type ReportContext } from '../../../src/report/tables/render-tables.ts';
import type { Outcomes } from '../../../src/report/rows/rows.ts';
import { accuracy, study, studyOutcomes } from '../sample-plan.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kdpipe-into-'));
});

/** The study with other tables. */
function withTables(list: readonly Partial<TablePlan>[]): Plan {
  const [table] = study().tables;
  if (!table) throw new Error('the study has no table');
  return { ...study(), tables: list.map((own) => ({ ...table, ...own })) };
}

/** Rendered tables of the study. */
function rendered(
  list: readonly Partial<TablePlan>[],
  found: Outcomes = studyOutcomes(),
  extra: Partial<ReportContext> = {},
): Promise<readonly RenderedTable[]> {
  return renderTables(withTables(list), found, {
    run: 'r1',
    commit: 'abc',
    command: 'kdpipe run',
    pipelineFolder: root,
    ...extra,
  });
}

/** Writes a file with a region for each table. */
function file(name: string, ...tables: readonly string[]): void {
  const regions = tables.map((table) => `<!-- kdpipe:${table} -->\n<!-- /kdpipe:${table} -->\n`);
  writeFileSync(join(root, name), `# ${name}\n\n${regions.join('\n')}\nEnd.\n`);
}

const read = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('putting tables into files', () => {
  it('puts each between its markers, and says where', async () => {
    file('README.md', 'a', 'b');
    file('docs.md', 'c');
    const tables = await rendered([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: 'README.md', template: 'kd-results' },
      { name: 'c', into: 'docs.md' },
      { name: 'nowhere' },
    ]);
    expect(await writeTables(tables, root)).toEqual([
      { what: 'table a', file: 'README.md', changed: true },
      { what: 'table b', file: 'README.md', changed: true },
      { what: 'table c', file: 'docs.md', changed: true },
    ]);
    const [a, b] = tables;
    expect(read('README.md')).toBe(
      `# README.md\n\n<!-- kdpipe:a -->\n\n${a?.text ?? ''}\n<!-- /kdpipe:a -->\n\n<!-- kdpipe:b -->\n\n${b?.text ?? ''}\n<!-- /kdpipe:b -->\n\nEnd.\n`,
    );
    expect(read('docs.md')).toContain('| mobilenetv2 | resnet50 | MGD ');
  });

  it('does not touch a file that holds the same results, whichever run made them', async () => {
    file('README.md', 'a');
    await writeTables(await rendered([{ name: 'a', into: 'README.md' }]), root);
    const text = read('README.md');
    utimesSync(join(root, 'README.md'), 1000, 1000);
    const again = await rendered([{ name: 'a', into: 'README.md' }], studyOutcomes(), {
      run: 'r2',
      commit: null,
      command: 'kdpipe report',
    });
    expect(await writeTables(again, root)).toEqual([{ what: 'table a', file: 'README.md', changed: false }]);
    expect(read('README.md')).toBe(text);
    expect(statSync(join(root, 'README.md')).mtimeMs).toBe(1_000_000);
  });

  it('writes the run that made new results', async () => {
    file('README.md', 'a');
    await writeTables(await rendered([{ name: 'a', into: 'README.md' }]), root);
    const better = new Map(studyOutcomes()).set('score[of=teacher]', { metrics: accuracy(0.9), key: 'k', run: 'r2' });
    const again = await rendered([{ name: 'a', into: 'README.md' }], better, { run: 'r2' });
    expect(await writeTables(again, root)).toEqual([{ what: 'table a', file: 'README.md', changed: true }]);
    expect(read('README.md')).toContain('Run r2, commit abc');
    expect(read('README.md')).not.toContain('Run r1');
  });

  it('changes only the table that changed', async () => {
    file('README.md', 'a', 'b');
    const first = await rendered([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: 'README.md' },
    ]);
    await writeTables(first, root);
    const second = await rendered(
      [
        { name: 'a', into: 'README.md' },
        { name: 'b', into: 'README.md', rows: ['model'] },
      ],
      studyOutcomes(),
      { run: 'r2' },
    );
    expect((await writeTables(second, root)).map(({ changed }) => changed)).toEqual([false, true]);
    expect(read('README.md')).toContain(first[0]?.text);
  });

  it('knows a file by all its names', async () => {
    file('README.md', 'a', 'b');
    symlinkSync('README.md', join(root, 'LINK.md'));
    const tables = await rendered([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: './LINK.md' },
    ]);
    await writeTables(tables, root);
    expect(read('README.md')).toContain(tables[0]?.text);
    expect(read('README.md')).toContain(tables[1]?.text);
  });

  it('keeps CRLF files CRLF', async () => {
    writeFileSync(join(root, 'README.md'), 'a\r\n<!-- kdpipe:a -->\r\n<!-- /kdpipe:a -->\r\nb\r\n');
    const tables = await rendered([{ name: 'a', into: 'README.md' }]);
    await writeTables(tables, root);
    expect(read('README.md').replaceAll('\r\n', '')).not.toContain('\n');
    expect(await writeTables(tables, root)).toMatchObject([{ changed: false }]);
    expect(await checkTables(tables, root)).toEqual([]);
  });

  it('writes nothing at all when one place is wrong, and says all that is wrong', async () => {
    file('README.md', 'a');
    file('docs.md', 'other');
    writeFileSync(join(root, 'flat'), '');
    const before = [read('README.md'), read('docs.md')];
    const tables = await rendered([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: 'docs.md' },
      { name: 'c', into: 'flat/gone.md' },
    ]);
    await expect(writeTables(tables, root)).rejects.toMatchObject({
      failures: [
        { code: 'missing-marker', place: { file: 'docs.md' } },
        { code: 'unwritable-file', place: { file: 'flat/gone.md' } },
      ],
    });
    expect([read('README.md'), read('docs.md')]).toEqual(before);
    expect(readdirSync(root).sort()).toEqual(['README.md', 'docs.md', 'flat']);
  });

  it.each([
    ['a marker', 'x\n<!-- /kdpipe:a -->\ny'],
    ['an open code block', '```\nx'],
    ['another opening marker', '<!-- kdpipe:b -->'],
  ])('refuses a template that writes %s', async (_what, text) => {
    file('README.md', 'a');
    const before = read('README.md');
    writeFileSync(join(root, 'own.hbs'), text);
    await expect(
      writeTables(await rendered([{ name: 'a', into: 'README.md', template: 'own.hbs' }]), root),
    ).rejects.toMatchObject({
      failures: [{ code: 'table-breaks-region', place: { file: 'README.md' } }],
    });
    expect(read('README.md')).toBe(before);
  });

  it('breaks a hard link rather than write through it', async () => {
    file('README.md', 'a');
    linkSync(join(root, 'README.md'), join(root, 'COPY.md'));
    const before = read('COPY.md');
    await writeTables(await rendered([{ name: 'a', into: 'README.md' }]), root);
    expect(read('COPY.md')).toBe(before);
  });
});

describe('checking tables', () => {
  it('finds nothing right after they were written', async () => {
    file('README.md', 'a');
    const tables = await rendered([{ name: 'a', into: 'README.md' }, { name: 'nowhere' }]);
    await writeTables(tables, root);
    expect(await checkTables(tables, root)).toEqual([]);
  });

  it('shows the lines that differ', async () => {
    file('README.md', 'a');
    const tables = await rendered([{ name: 'a', into: 'README.md' }]);
    await writeTables(tables, root);
    writeFileSync(join(root, 'README.md'), read('README.md').replace('0.7510', '0.9999'));
    expect(await checkTables(tables, root)).toEqual([
      {
        file: 'README.md',
        what: 'table a',
        diff: [
          '-| mobilenetv2 | resnet50 | MGD       | 0.9999 ± 0.0105 (n=3) |',
          '+| mobilenetv2 | resnet50 | MGD       | 0.7510 ± 0.0105 (n=3) |',
        ],
      },
    ]);
  });

  it('finds a table that was never written', async () => {
    file('README.md', 'a');
    const [drift] = await checkTables(await rendered([{ name: 'a', into: 'README.md' }]), root);
    expect(drift?.diff[0]).toMatch(/^\+\| model/);
  });

  it('needs no permission to write', async () => {
    file('README.md', 'a');
    const tables = await rendered([{ name: 'a', into: 'README.md' }]);
    await writeTables(tables, root);
    chmodSync(join(root, 'README.md'), 0o444);
    expect(await checkTables(tables, root)).toEqual([]);
  });

  it('fails for markers that are missing, and for a link that leads nowhere', async () => {
    file('README.md', 'other');
    symlinkSync('nowhere.md', join(root, 'link.md'));
    const tables = await rendered([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: 'link.md' },
    ]);
    await expect(checkTables(tables, root)).rejects.toMatchObject({
      failures: [{ code: 'missing-marker' }, { code: 'unreadable-file' }],
    });
  });

  it('finds a table whose file is missing', async () => {
    const tables = await rendered([{ name: 'a', into: 'gone.md' }]);
    expect(await checkTables(tables, root)).toEqual([
      { file: 'gone.md', what: 'table a', diff: ['there is no such file'] },
    ]);
  });
});

describe('checking places before a run', () => {
  it('finds what would fail at its end', async () => {
    file('README.md', 'a', 'a');
    file('good.md', 'c');
    writeFileSync(join(root, 'flat'), '');
    const whole = withTables([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: 'flat/gone.md' },
      { name: 'c', into: 'good.md' },
      { name: 'd' },
      { name: 'e', into: 'new/made.md' },
    ]);
    expect(
      (await checkPlaces(whole, { pipelineFolder: root, root })).map(
        ({ code, place }) => `${place?.file ?? ''}: ${code}`,
      ),
    ).toEqual(['README.md: doubled-marker', 'flat/gone.md: unwritable-file']);
    expect(readdirSync(root).sort()).toEqual(['README.md', 'flat', 'good.md']);
  });
});

describe('a file that is missing', () => {
  it('is made, with its folder and the markers of its tables', async () => {
    const tables = await rendered([
      { name: 'a', into: 'docs/new/page.md' },
      { name: 'b', into: 'docs/new/page.md' },
    ]);
    expect((await writeTables(tables, root)).map(({ changed }) => changed)).toEqual([true, true]);
    const [a, b] = tables.map(({ text }) => text);
    expect(read('docs/new/page.md')).toBe(
      `<!-- kdpipe:a -->\n\n${a ?? ''}\n<!-- /kdpipe:a -->\n\n<!-- kdpipe:b -->\n\n${b ?? ''}\n<!-- /kdpipe:b -->\n`,
    );
    expect((await writeTables(tables, root)).map(({ changed }) => changed)).toEqual([false, false]);
    expect(await checkTables(tables, root)).toEqual([]);
  });

  it('of LaTeX is made with comments of LaTeX, and no blank line that would end a paragraph', async () => {
    const tables = await rendered([{ name: 'a', into: 'paper/a.tex', template: 'latex' }]);
    await writeTables(tables, root);
    expect(read('paper/a.tex')).toBe(`% kdpipe:a\n${tables[0]?.text ?? ''}% /kdpipe:a\n`);
    expect(await checkTables(tables, root)).toEqual([]);
  });
});

describe('a file of LaTeX', () => {
  it('keeps what stands around its comments, quotes that look like a code block included', async () => {
    const around = ['\\section{Results}', '```quoted``', '  %% kdpipe:a', '  old', '  % /kdpipe:a', 'After.', ''];
    writeFileSync(join(root, 'a.tex'), around.join('\r\n'));
    await writeTables(await rendered([{ name: 'a', into: 'a.tex', template: 'latex' }]), root);
    const [before, after] = read('a.tex').split(/^% Needs[^]*table\}\r\n/m);
    expect(before).toBe('\\section{Results}\r\n```quoted``\r\n  %% kdpipe:a\r\n');
    expect(after).toBe('  % /kdpipe:a\r\nAfter.\r\n');
  });

  it('still has a place between comments of HTML behind a %', async () => {
    writeFileSync(join(root, 'a.tex'), '% <!-- kdpipe:a -->\n% <!-- /kdpipe:a -->\n');
    expect(await writeTables(await rendered([{ name: 'a', into: 'a.tex' }]), root)).toMatchObject([{ changed: true }]);
  });

  it('without a place is told its own markers', async () => {
    writeFileSync(join(root, 'a.tex'), 'text\n');
    await expect(writeTables(await rendered([{ name: 'a', into: 'a.tex' }]), root)).rejects.toMatchObject({
      failures: [{ code: 'missing-marker', expected: expect.stringContaining('% kdpipe:a and % /kdpipe:a') }],
    });
  });
});

describe.each(['csv', 'json'])('a file of %s', (format) => {
  const into = `out/a.${format}`;
  const write = (text: string): void => {
    mkdirSync(join(root, 'out'), { recursive: true });
    writeFileSync(join(root, into), text);
  };
  const table = (more: Partial<TablePlan> = {}, found = studyOutcomes()) =>
    rendered([{ name: 'a', into, template: format, ...more }], found);

  it('is the table and nothing else', async () => {
    const tables = await table();
    expect(await writeTables(tables, root)).toEqual([{ what: 'table a', file: into, changed: true }]);
    expect(read(into)).toBe(tables[0]?.text);
    expect(await writeTables(tables, root)).toMatchObject([{ changed: false }]);
    expect(await checkTables(tables, root)).toEqual([]);
    write(read(into).replace('0.705', '0.999'));
    expect(await checkTables(tables, root)).toMatchObject([{ file: into, what: 'table a' }]);
  });

  it('takes the place of an earlier table of other rows and columns, of markers alone, and of nothing', async () => {
    const earlier = await table({ rows: ['model'], columns: ['test.nll', 'test.accuracy'] }, new Map());
    const now = await table();
    for (const text of [earlier[0]?.text ?? '', '<!-- kdpipe:a -->\n\n<!-- /kdpipe:a -->\n', ' \n', '\ufeff']) {
      write(text);
      expect(
        await checkPlaces(withTables([{ name: 'a', into, template: format }]), { pipelineFolder: root, root }),
      ).toEqual([]);
      await writeTables(now, root);
      expect(read(into)).toBe(now[0]?.text);
    }
  });

  it('is never the data of somebody else', async () => {
    const data = format === 'csv' ? 'model,accuracy\nresnet,0.9\n' : '{"model": "resnet"}\n';
    write(data);
    const failures = [{ code: 'not-a-table', place: { file: into } }];
    await expect(writeTables(await table(), root)).rejects.toMatchObject({ failures });
    await expect(checkTables(await table(), root)).rejects.toMatchObject({ failures });
    const whole = withTables([{ name: 'a', into, template: format }]);
    expect(await checkPlaces(whole, { pipelineFolder: root, root })).toMatchObject(failures);
    expect(read(into)).toBe(data);
  });

  it('holds one table', async () => {
    const two = [
      { name: 'a', into, template: format },
      { name: 'b', into, template: format },
    ];
    const failures = [{ code: 'one-file', place: { file: into } }];
    await expect(writeTables(await rendered(two), root)).rejects.toMatchObject({ failures });
  });
});

describe('a CSV file by a template of a user', () => {
  it('is known by its head', async () => {
    writeFileSync(join(root, 'own.csv.hbs'), 'name,mean\n{{#each rows}}{{experiment}},x\n{{/each}}');
    const own: Partial<TablePlan> = { name: 'a', into: 'a.csv', template: 'own.csv.hbs' };
    await writeTables(await rendered([own]), root);
    const fewer = await rendered([{ ...own, rows: ['model'] }]);
    expect(await writeTables(fewer, root)).toMatchObject([{ changed: true }]);
    writeFileSync(join(root, 'own.csv.hbs'), 'name;mean\n');
    await expect(writeTables(await rendered([own]), root)).rejects.toMatchObject({
      failures: [{ code: 'not-a-table' }],
    });
  });
});
