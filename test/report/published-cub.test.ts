import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/core/plan.ts';
import { unwrap } from '../../src/core/result.ts';
import { tableView } from '../../src/report/tables/build-view.ts';
import { parsePublished, type PublishedRow } from '../../src/report/rows/published.ts';
import { cell, context, plan } from './sample-plan.ts';

const rows = ['model', 'teacher', 'kd_method', 'kd_ratio', 'ema', 'rdrop', 'amp'];
const columns = ['val.accuracy', 'val.mpa', 'test.accuracy', 'test.mpa', 'test.tta.accuracy', 'test.tta.mpa'];
const names = { table: 'results', rows: new Set(rows), columns: new Set(columns) };

/** The published rows of a group of experiments. */
async function published(group: string): Promise<readonly PublishedRow[]> {
  const file = `pipelines/published/cub-${group}.yaml`;
  return unwrap(parsePublished(await readFile(file, 'utf8'), file, names));
}

/** What an experiment is, as the parameters of a cell: `none` is not there. */
const parameters = ({ row }: PublishedRow): Readonly<Record<string, Value>> =>
  Object.fromEntries([...row].filter(([, value]) => value !== 'none'));

describe('the published numbers of the study on CUB-200-2011', () => {
  it.each<[group: string, count: number, ofFirst: number, ofLast: number]>([
    ['resnet50', 5, 0.73483, 0.7387],
    ['ghostnet', 4, 0.76367, 0.73827],
    ['sp-ghostnet', 3, 0.73827, 0.73267],
    ['sp-resnet50', 2, 0.774, 0.74042],
    ['self', 3, 0.7443, 0.77142],
    ['efficientnet_v2_s', 6, 0.8446, 0.77744],
  ])('of group %s stand each beside one row of ours', async (group, count, ofFirst, ofLast) => {
    const all = await published(group);
    expect(all).toHaveLength(count);
    expect(all.map((row) => [...row.columns.keys()])).toEqual(all.map(() => columns));
    expect([all[0], all.at(-1)].map((row) => row?.columns.get('test.accuracy'))).toEqual([ofFirst, ofLast]);
    const whole = plan(
      all.map((row, at) => cell(`s[${at}]`, parameters(row))),
      {
        rows: rows.filter((name) => all.some((row) => row.row.has(name) && parameters(row)[name] !== undefined)),
        columns,
      },
    );
    const [table] = whole.tables;
    if (!table) throw new Error('the plan has no table');
    const view = unwrap(tableView(whole, table, new Map(), { ...context, published: all }));
    expect(view.rows.map(({ origin }) => origin)).toEqual(all.flatMap(() => ['this run', 'published']));
  });

  it('are those of rdrop the numbers without it: the original ignored it while distilling', async () => {
    const all = await published('efficientnet_v2_s');
    const scores = (ema: boolean, rdrop: boolean) =>
      all.find(({ row }) => row.get('ema') === ema && row.get('rdrop') === rdrop && row.get('kd_method') === 'MGD')
        ?.columns;
    expect(scores(false, true)).toEqual(scores(false, false));
    expect(scores(true, true)).toEqual(scores(true, false));
    expect(scores(true, true)).not.toEqual(scores(false, false));
  });
});
