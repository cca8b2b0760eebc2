import {
  chmodSync,
  linkSync,
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
import type { TablePlan } from '../../../src/core/plan.ts';
import { checkPlaces, checkTables, writeTables } from '../../../src/report/tables/table-files.ts';
import { renderTables, type RenderedTable, type ReportContext } from '../../../src/report/tables/render-tables.ts';
import type { Outcomes } from '../../../src/report/rows/rows.ts';
import { accuracy, study, studyOutcomes } from '../sample-plan.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kdpipe-into-'));
});

/** Rendered tables of the study. */
function rendered(
  list: readonly Partial<TablePlan>[],
  found: Outcomes = studyOutcomes(),
  extra: Partial<ReportContext> = {},
): Promise<readonly RenderedTable[]> {
  const [table] = study().tables;
  if (!table) throw new Error('the study has no table');
  const whole = { ...study(), tables: list.map((own) => ({ ...table, ...own })) };
  return renderTables(whole, found, {
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
    const before = [read('README.md'), read('docs.md')];
    const tables = await rendered([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: 'docs.md' },
      { name: 'c', into: 'gone.md' },
    ]);
    await expect(writeTables(tables, root)).rejects.toMatchObject({
      failures: [
        { code: 'missing-marker', place: { file: 'docs.md' } },
        { code: 'unwritable-file', place: { file: 'gone.md' } },
      ],
    });
    expect([read('README.md'), read('docs.md')]).toEqual(before);
    expect(readdirSync(root).sort()).toEqual(['README.md', 'docs.md']);
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

  it('fails for markers and files that are missing', async () => {
    file('README.md', 'other');
    const tables = await rendered([
      { name: 'a', into: 'README.md' },
      { name: 'b', into: 'gone.md' },
    ]);
    await expect(checkTables(tables, root)).rejects.toMatchObject({
      failures: [{ code: 'missing-marker' }, { code: 'unreadable-file' }],
    });
  });
});

describe('checking places before a run', () => {
  it('finds what would fail at its end', async () => {
    file('README.md', 'a', 'a');
    file('good.md', 'c');
    const tables = (
      await rendered([
        { name: 'a', into: 'README.md' },
        { name: 'b', into: 'gone.md' },
        { name: 'c', into: 'good.md' },
        { name: 'd' },
      ])
    ).map(({ table }) => table);
    expect((await checkPlaces(tables, root)).map(({ code, place }) => `${place?.file ?? ''}: ${code}`)).toEqual([
      'README.md: doubled-marker',
      'gone.md: unwritable-file',
    ]);
  });
});
