import { expect, it } from 'vitest';
import { describePlan } from '../../../src/dashboard/data/describe-plan.ts';
import { shortNames } from '../../../src/dashboard/data/cell-names.ts';
import { cell, plan, study, to } from '../../report/sample-plan.ts';

it('makes rows of cells that differ in their seeds alone, by the names of the table that shows them', () => {
  const { stages, cells } = describePlan(study(), 'r1');
  const score = stages.find(({ id }) => id === 'score');
  expect(score).toMatchObject({ names: ['model', 'teacher', 'kd_method'], shown: ['test.accuracy'] });
  expect(score?.rows.map(({ labels, cells: own }) => [...labels, own.length])).toEqual([
    ['resnet50', 'none', 'none', 1],
    ['mobilenetv2', 'none', 'none', 3],
    ['mobilenetv2', 'resnet50', 'MGD', 3],
    ['mobilenetv2', 'resnet50', 'AT', 3],
  ]);
  expect(cells[score?.rows[2]?.cells[1] ?? -1]?.id).toBe('score[of=student[kd_method=MGD,seed=1]]');
});

it('finds the names itself where no table reads a stage, and keeps apart what more than seeds tells apart', () => {
  const { stages } = describePlan(study(), 'r1');
  expect(stages.find(({ id }) => id === 'student')).toMatchObject({ names: ['kd_method'], shown: [] });
  const folds = [0, 1].flatMap((seed) =>
    ['a', 'b'].map((fold) => cell(`m[fold=${fold},seed=${seed}]`, { fold, seed })),
  );
  const made = describePlan(plan(folds), 'r1').stages[0];
  expect(made?.names).toEqual(['fold']);
  expect(made?.rows.map(({ labels, cells }) => [labels[0], cells])).toEqual([
    ['a', [0, 2]],
    ['b', [1, 3]],
  ]);
});

it('writes parameters once for a stage, and for each cell those in which it differs; references stay references', () => {
  const cells = [0.1, 0.2].map((lr) =>
    cell(`m[lr=${lr}]`, { lr }, { lr, model: 'resnet8', data: to('digits', 'data') }),
  );
  const data = describePlan(plan([cell('digits'), ...cells]), 'r1');
  expect(data.stages[1]?.params).toEqual({ model: 'resnet8', data: { $cell: 'digits', $output: 'data' } });
  expect(data.cells.map(({ params }) => params)).toEqual([{}, { lr: 0.1 }, { lr: 0.2 }]);
});

it('calls cells by what tells them apart', () => {
  const names = shortNames(describePlan(study(), 'r1'));
  expect(names.get('student[kd_method=AT,seed=2]')).toBe('student kd_method=AT, seed=2');
  expect(names.get('teacher')).toBe('teacher');
});
