import { describe, expect, it } from 'vitest';
import { filterRows, firstStage, metricNames, sortRows, sweepRows } from '../../../src/dashboard/data/sweep.ts';
import { measuredOf, type SweepRow } from '../../../src/dashboard/data/sweep.ts';
import { measuredText } from '../../../src/report/tables/number-text.ts';
import { scoredRun } from '../sample-run.ts';

const run = scoredRun();
const stage = firstStage(run.data.stages);
if (!stage) throw new Error('the study has stages');
const rows = sweepRows(run, stage, true);
const names = stage.names;
const labels = (some: readonly SweepRow[]): readonly string[] => some.map((row) => row.labels.join(' '));

describe('rows of a stage', () => {
  it('are means over seeds, written as a table writes them', () => {
    expect(stage.id).toBe('score');
    expect(rows.map((row) => measuredText(measuredOf(row, 'test.accuracy'), 4))).toEqual([
      '–',
      '–',
      '0.7510 ± 0.0105 (n=3)',
      '0.7050 ± 0.0050 (n=3)',
    ]);
    expect(sweepRows(run, stage, false)).toHaveLength(10);
    expect(metricNames(rows, ['test.accuracy', 'no.such'])).toEqual(['test.accuracy']);
  });

  it.each([
    ['', 4],
    ['kd_method=MGD', 1],
    ['kd_method=mgd test.accuracy>0.8', 0],
    ['test.accuracy>=0.7', 2],
    ['waiting', 2],
    ['state=finished', 2],
    ['seed=1', 3],
    ['constructor', 0],
    ['toString>0', 0],
  ])('are kept by %j: %d', (filter, count) => {
    expect(filterRows(rows, names, filter)).toHaveLength(count);
  });

  it('are sorted by metrics and labels; those without a value come last either way', () => {
    const by = (name: string, descending: boolean) => labels(sortRows(rows, names, { by: name, descending }));
    const [teacher, alone, mgd, at] = labels(rows);
    expect(by('test.accuracy', true)).toEqual([mgd, at, teacher, alone]);
    expect(by('test.accuracy', false)).toEqual([at, mgd, teacher, alone]);
    expect(by('kd_method', false)).toEqual([at, mgd, teacher, alone]);
    expect(labels(sortRows(rows, names, undefined))).toEqual(labels(rows));
  });
});
