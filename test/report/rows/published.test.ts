import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unwrap } from '../../../src/core/result.ts';
import { parsePublished, readPublished, type PublishedNames } from '../../../src/report/rows/published.ts';

const names: PublishedNames = {
  table: 'results',
  rows: new Set(['model', 'teacher', 'kd_method', 'ema']),
  columns: new Set(['test.accuracy', 'val.accuracy']),
};

/** Failures of a text, as `line:column code message`. */
function problems(text: string): readonly string[] {
  const rows = parsePublished(text, 'cub.yaml', names);
  if (rows.ok) return [];
  return rows.failures.map(({ place, message }) => `${place?.line ?? ''}:${place?.column ?? ''} ${message}`);
}

describe('published numbers', () => {
  it('are a list of rows, columns and their source', () => {
    const text = [
      '- row: { model: mobilenetv2, teacher: resnet50, kd_method: MGD, ema: true }',
      '  columns: { test.accuracy: 0.7839, val.accuracy: 0.78 ± 0.01 }',
      '  source: the original study',
      '- { row: { model: resnet50, teacher: null }, columns: {}, source: "a paper, table 3" }',
    ].join('\n');
    const [first, second] = unwrap(parsePublished(text, 'cub.yaml', names));
    expect(Object.fromEntries(first?.row ?? [])).toEqual({
      model: 'mobilenetv2',
      teacher: 'resnet50',
      kd_method: 'MGD',
      ema: true,
    });
    expect(Object.fromEntries(first?.columns ?? [])).toEqual({
      'test.accuracy': 0.7839,
      'val.accuracy': '0.78 ± 0.01',
    });
    expect(first?.source).toBe('the original study');
    expect(Object.fromEntries(second?.row ?? [])).toEqual({ model: 'resnet50', teacher: null });
    expect(second?.columns.size).toBe(0);
    expect(second?.place).toEqual({ file: 'cub.yaml', line: 4, column: 3 });
  });

  it('may name their source once', () => {
    const text = '- { row: {}, columns: {}, source: &it a paper }\n- { row: {}, columns: {}, source: *it }';
    expect(unwrap(parsePublished(text, 'cub.yaml', names)).map(({ source }) => source)).toEqual(['a paper', 'a paper']);
    expect(problems('- &a { row: {}, columns: {}, source: x }\n- *a')).toEqual(['2:3 the entry is not a mapping']);
  });

  it('may name what an experiment refers to', () => {
    const [row] = unwrap(
      parsePublished('- { row: { teacher.model: resnet50 }, columns: {}, source: x }', 'cub.yaml', names),
    );
    expect(row?.row.get('teacher.model')).toBe('resnet50');
  });

  it('may be none', () => {
    expect(unwrap(parsePublished('[]', 'cub.yaml', names))).toEqual([]);
  });

  it.each<[string, string, readonly string[]]>([
    ['a mapping', 'row: {}', ['1: the file is not a list']],
    ['nothing', '', ['1: the file is not a list']],
    ['an entry that is a text', '- hello', ['1:3 the entry is not a mapping']],
    ['an entry without row', '- { columns: {}, source: x }', ['1:3 the entry has no mapping "row"']],
    ['an entry without columns', '- { row: {}, source: x }', ['1:3 the entry has no mapping "columns"']],
    [
      'an entry without source',
      '- { row: {}, columns: {} }',
      ['1:3 the entry does not say where its numbers come from'],
    ],
    [
      'an empty source',
      '- { row: {}, columns: {}, source: " " }',
      ['1:3 the entry does not say where its numbers come from'],
    ],
    ['an unknown row name', '- { row: { modle: x }, columns: {}, source: x }', ['1:12 table results has no "modle"']],
    [
      'an unknown column',
      '- row: {}\n  columns: { test.mpa: 1 }\n  source: x',
      ['2:14 table results has no "test.mpa"'],
    ],
    [
      'a list as a number',
      '- { row: {}, columns: { test.accuracy: [1] }, source: x }',
      ['1:25 "test.accuracy" is not a single value'],
    ],
    [
      'a number that is none',
      '- { row: {}, columns: { test.accuracy: .nan }, source: x }',
      ['1:25 "test.accuracy" is not a single value'],
    ],
  ])('are refused for %s, with the place', (_what, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it('say all problems at once', () => {
    expect(problems('- { row: { a: 1 }, columns: { b: 2 } }\n- 3')).toEqual([
      '1:12 table results has no "a"',
      '1:31 table results has no "b"',
      '1:3 the entry does not say where its numbers come from',
      '2:3 the entry is not a mapping',
    ]);
  });

  it('give the nearest name', () => {
    const rows = parsePublished('- { row: {}, columns: { test.acuracy: 1 }, source: x }', 'cub.yaml', names);
    expect(rows).toMatchObject({
      failures: [{ code: 'bad-published', fix: expect.stringContaining('test.accuracy') as string }],
    });
  });

  it.each([
    ['YAML that does not parse', '- { row: ', 1],
    ['a key that stands twice', '- row: {}\n  row: {}\n  columns: {}\n  source: x', 2],
    ['a tab as indentation', '-\trow: {}\n\tcolumns: {}', 1],
  ])('are refused for %s', (_what, text, line) => {
    expect(parsePublished(text, 'cub.yaml', names)).toMatchObject({
      ok: false,
      failures: [{ code: 'bad-published', place: { file: 'cub.yaml', line } }],
    });
  });
});

describe('a file of published numbers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-published-'));

  it('is read', async () => {
    writeFileSync(join(folder, 'cub.yaml'), '- { row: { model: x }, columns: { test.accuracy: 1 }, source: y }\n');
    expect(await readPublished(join(folder, 'cub.yaml'), 'cub.yaml', names)).toHaveLength(1);
  });

  it('that is missing, too large or wrong is a failure', async () => {
    await expect(readPublished(join(folder, 'gone.yaml'), 'gone.yaml', names)).rejects.toMatchObject({
      failures: [{ code: 'unreadable-published', place: { file: 'gone.yaml' } }],
    });
    writeFileSync(join(folder, 'large.yaml'), `# ${'x'.repeat(2 ** 20)}`);
    await expect(readPublished(join(folder, 'large.yaml'), 'large.yaml', names)).rejects.toMatchObject({
      failures: [{ code: 'bad-published', expected: 'at most 1048576 bytes' }],
    });
    writeFileSync(join(folder, 'wrong.yaml'), 'x');
    await expect(readPublished(join(folder, 'wrong.yaml'), 'wrong.yaml', names)).rejects.toMatchObject({
      failures: [{ code: 'bad-published', message: 'the file is not a list' }],
    });
  });
});
