import { expect, it } from 'vitest';
import { isOfTest, rankRows } from '../../../src/dashboard/data/best.ts';
import { describePlan } from '../../../src/dashboard/data/describe-plan.ts';
import { LiveRun } from '../../../src/dashboard/data/live-run.ts';
import { cell, plan, to } from '../../report/sample-plan.ts';
import { at, finished, scoredRun, started, studyRun } from '../sample-run.ts';

const score = (method: string, seed: number): string => `score[of=student[kd_method=${method},seed=${seed}]]`;

it('ranks rows by the mean over their seeds, and says how far others are behind, paired by seed', () => {
  const ranked = rankRows(scoredRun(), 'test.accuracy');
  expect(ranked.map(({ rank, stage, cells, networks }) => [rank, stage, cells[0], networks[0]])).toEqual([
    [1, 'score', score('MGD', 0), score('MGD', 0)],
    [2, 'score', score('AT', 0), score('AT', 0)],
  ]);
  expect(ranked[0]).toMatchObject({ behind: undefined, measured: { n: 3, expected: 3 } });
  expect(ranked[0]?.row).toContain('kd_method=MGD');
  // As the dashboard compares them, the other way round.
  expect(ranked[1]?.behind?.comparison).toMatchObject({ method: 'paired', n: 3 });
  expect(ranked[1]?.behind?.comparison?.mean).toBeCloseTo(-0.046, 6);
});

it('gives rows of one mean one rank, takes less of a loss as better, and chooses among what is named', () => {
  const run = studyRun();
  run.apply(started);
  const values = { MGD: [0.7, 0.8], AT: [0.8, 0.7], alone: [0.6, 0.6] };
  for (const seed of [0, 1]) {
    run.apply(finished(score('MGD', seed), values.MGD[seed] ?? 0));
    run.apply(finished(score('AT', seed), values.AT[seed] ?? 0));
    run.apply(finished(`score[of=alone[seed=${seed}]]`, values.alone[seed] ?? 0));
  }
  expect(rankRows(run, 'test.accuracy').map(({ rank }) => rank)).toEqual([1, 1, 3]);
  const named = new Set([score('AT', 0), score('MGD', 1), `score[of=alone[seed=1]]`]);
  expect(rankRows(run, 'test.accuracy', named).map(({ cells, measured }) => [cells, measured.mean])).toEqual([
    [[score('MGD', 1)], 0.8],
    [[score('AT', 0)], 0.8],
    [['score[of=alone[seed=1]]'], 0.6],
  ]);
  const losses = studyRun();
  for (const [method, nll] of [
    ['MGD', 0.5],
    ['AT', 0.4],
  ] as const)
    losses.apply(
      at(0, { type: 'stage-finished', cell: score(method, 0), key: 'k', seconds: 1, metrics: { val: { nll } } }),
    );
  expect(rankRows(losses, 'val.nll').map(({ cells }) => cells[0])).toEqual([score('AT', 0), score('MGD', 0)]);
  expect(rankRows(losses, 'val.nothing')).toEqual([]);
});

it('names the network that a row measures', () => {
  const run = new LiveRun(describePlan(plan([cell('net'), cell('score', {}, { of: to('net', 'weights') })]), 'r'));
  run.apply(
    at(0, { type: 'stage-finished', cell: 'score', key: 'k', seconds: 1, metrics: { val: { accuracy: 0.5 } } }),
  );
  expect(rankRows(run, 'val.accuracy')[0]?.networks).toEqual(['net']);
});

it('knows metrics of the test split', () => {
  expect(['test.accuracy', 'test.tta.accuracy', 'val.accuracy', 'contest.x'].map(isOfTest)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
