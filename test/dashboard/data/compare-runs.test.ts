import { expect, it } from 'vitest';
import { compareRuns } from '../../../src/dashboard/data/compare-runs.ts';
import { methodText, verdictOf, type MetricDifference } from '../../../src/dashboard/data/compare.ts';
import { describePlan } from '../../../src/dashboard/data/describe-plan.ts';
import { LiveRun } from '../../../src/dashboard/data/live-run.ts';
import { accuracy, cell, plan, to } from '../../report/sample-plan.ts';
import { at, scoredRun } from '../sample-run.ts';

/** A teacher and its students, each a training of so many epochs, scored; students have an accuracy each. */
function run(epochs: number, methods: Readonly<Record<string, readonly number[]>>, table = true): LiveRun {
  const students = Object.entries(methods).flatMap(([method, values]) =>
    values.map((value, seed) => {
      const axes = { method, seed };
      return { value, cell: cell(`student[method=${method},seed=${seed}]`, axes, { ...axes, teacher: to('teacher') }) };
    }),
  );
  const ids = students.map((one) => one.cell.id);
  const planned = plan(
    [cell('teacher', {}, { epochs }), ...students.map((one) => one.cell)],
    ...(table ? [{ rows: ['method'], cells: ids }] : []),
  );
  const live = new LiveRun(describePlan(planned, `run of ${epochs}`));
  for (const {
    value,
    cell: { id },
  } of students)
    live.apply(
      at(0, {
        type: 'stage-finished',
        cell: id,
        key: `${epochs}${id}`,
        seconds: 1,
        metrics: { ...accuracy(value), cost: 3 },
      }),
    );
  return live;
}

const two = { AT: [0.7, 0.72, 0.71], MGD: [0.8, 0.81, 0.83] };

it('says what differs between two runs where it stands, and compares rows over the seeds that both have', () => {
  const [ours, theirs] = [run(2, { ...two, AT: [0.75, 0.77, 0.765] }), run(3, { ...two, SP: [0.6] })];
  const found = compareRuns(ours, theirs);
  expect(found.parameters).toEqual([{ stage: 'teacher', name: 'epochs', ours: '2', theirs: '3', cells: 1 }]);
  expect(found).toMatchObject({ onlyOurs: [], onlyTheirs: ['student[method=SP,seed=0]'], same: 0 });
  expect(found.rows.map(({ stage, row }) => [stage, row])).toEqual([
    ['student', 'method=AT'],
    ['student', 'method=MGD'],
  ]);
  const [at_] = found.rows;
  expect(at_?.metrics.map(({ name }) => name)).toEqual(['test.accuracy']);
  expect(at_?.metrics[0]?.comparison).toMatchObject({ method: 'paired', pairedBy: ['seed'], n: 3 });
  expect(at_?.metrics[0]?.comparison?.mean).toBeCloseTo((0.05 + 0.05 + 0.055) / 3, 10);
  expect(at_?.metrics[0] && verdictOf(at_.metrics[0])).toBe('better');
});

it('passes over rows of the same results, and compares what is asked for', () => {
  expect(compareRuns(run(2, two), run(2, two))).toMatchObject({ parameters: [], rows: [], same: 2 });
  const { rows } = compareRuns(run(2, two), run(3, two), ['cost']);
  expect(rows.map(({ metrics }) => metrics.map(({ name }) => name))).toEqual([['cost'], ['cost']]);
});

it('takes all metrics of the last stage where no table shows any', () => {
  const { rows } = compareRuns(run(2, two, false), run(3, two, false));
  expect(rows[0]?.metrics.map(({ name }) => name)).toEqual(['test.accuracy', 'cost']);
});

it('says by what intervals were made, and nothing of what may be noise', () => {
  const { rows } = compareRuns(run(2, two), run(3, { ...two, AT: [0.72, 0.7, 0.715] }));
  const all = rows.flatMap(({ metrics }) => metrics);
  expect(methodText(all)).toMatch(/^Intervals and p-values by a t-test paired by seed,/);
  expect(verdictOf(all[0] as MetricDifference)).toBe('');
  const alone = compareRuns(run(2, { AT: [0.7] }), run(3, { AT: [0.8] }));
  expect(methodText(alone.rows.flatMap(({ metrics }) => metrics))).toBe(
    'No interval: a side has a single run, or the runs do not spread.',
  );
  expect(compareRuns(scoredRun(), scoredRun()).rows.every(({ stage }) => stage === 'score')).toBe(true);
});
