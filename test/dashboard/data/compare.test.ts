import { expect, it } from 'vitest';
import {
  metricDifferences,
  paramText,
  parameterDifferences,
  type Placed,
} from '../../../src/dashboard/data/compare.ts';
import { describePlan } from '../../../src/dashboard/data/describe-plan.ts';
import { LiveRun } from '../../../src/dashboard/data/live-run.ts';
import { firstStage, sweepRows } from '../../../src/dashboard/data/sweep.ts';
import { cell, plan, to } from '../../report/sample-plan.ts';
import { scoredRun } from '../sample-run.ts';

const placed = (run: LiveRun, id: string): Placed => {
  const found = run.cell(id);
  if (!found) throw new Error(`no cell ${id}`);
  return { run: { stages: run.data.stages, cell: (name) => run.cell(name) }, cell: found };
};

it('finds parameters that differ, through the cells that both read', () => {
  const run = scoredRun();
  const [mgd, at] = ['MGD', 'AT'].map((method) => placed(run, `score[of=student[kd_method=${method},seed=0]]`));
  if (!mgd || !at) throw new Error('both are there');
  expect(parameterDifferences(mgd, at)).toEqual([{ name: 'weights.kd_method', ours: 'MGD', theirs: 'AT' }]);
  expect(parameterDifferences(mgd, mgd)).toEqual([]);
});

it('compares cells of two runs, and says which cell a parameter names where that is all that differs', () => {
  const runOf = (lr: number, source: string) =>
    new LiveRun(
      describePlan(
        plan([
          cell('a', {}, {}),
          cell('b', {}, {}),
          cell('m', {}, { lr, from: to(source, 'x'), extra: [1, { k: 'v' }] }),
        ]),
        'r',
      ),
    );
  expect(parameterDifferences(placed(runOf(0.1, 'a'), 'm'), placed(runOf(0.2, 'b'), 'm'))).toEqual([
    { name: 'lr', ours: '0.1', theirs: '0.2' },
    { name: 'from', ours: 'a', theirs: 'b' },
  ]);
  expect(paramText([1, { $cell: 'a' }, { $parts: ['--w=', { $cell: 'b' }] }])).toBe('[1, a, --w=b]');
});

it('compares metrics paired by seed, with their interval', () => {
  const run = scoredRun();
  const stage = firstStage(run.data.stages);
  const [, , mgd, at] = stage ? sweepRows(run, stage, true) : [];
  if (!mgd || !at) throw new Error('both rows are there');
  const [difference] = metricDifferences(mgd, at, ['test.accuracy']);
  expect(difference).toMatchObject({
    lowerIsBetter: false,
    comparison: { method: 'paired', pairedBy: ['seed'], n: 3 },
  });
  // (0.045 + 0.062 + 0.031)/3; sd 0.0155, t(0.975, 2) = 4.303: ± 0.0385.
  expect(difference?.comparison?.mean).toBeCloseTo(0.046, 6);
  expect(difference?.comparison?.judged?.low).toBeCloseTo(0.00746, 4);
});
