import { describe, expect, it } from 'vitest';
import { initialRun, runState } from '../../../src/core/run-state.ts';
import { LiveRun } from '../../../src/dashboard/data/live-run.ts';
import { at, finished, key, started, studyRun } from '../sample-run.ts';

const student = 'student[kd_method=AT,seed=0]';
const failure = { code: 'nan-loss', message: 'the loss is NaN', fix: 'a smaller lr' };
const events = [
  started,
  at(10, { type: 'stage-started', cell: student, key, attempt: 1, reason: 'first run' }),
  at(20, { type: 'stage-metric', cell: student, row: { epoch: 0, train_loss: 2.5 } }),
  at(30, { type: 'stage-progress', cell: student, progress: { done: 1, total: 4, unit: 'epochs', loss: 2.5 } }),
  at(40, { type: 'stage-warned', cell: student, message: 'a GPU stays idle' }),
  finished('score[of=teacher]', 0.8),
];

describe('a run that is followed', () => {
  it('holds the same fold as status, and of each cell how far it came', () => {
    const run = studyRun();
    for (const event of events) run.apply(event);
    const { changes: _, ...fold } = events.reduce(runState, initialRun);
    expect(run.state).toEqual(fold);
    expect(run.data.command).toBe('kdpipe run study.yaml');
    expect(run.cell(student)?.progress).toEqual({
      state: 'running',
      key,
      reason: 'first run',
      warnings: ['a GPU stays idle'],
    });
    expect(run.curves(student)).toEqual([{ epoch: 0, train_loss: 2.5 }]);
    expect(run.cell('score[of=teacher]')?.progress).toMatchObject({
      state: 'finished',
      metrics: { 'test.accuracy': 0.8 },
    });
    expect(run.cell('alone[seed=0]')?.progress).toEqual({ state: 'waiting' });
  });

  it('goes on from JSON as it would have gone on by itself', () => {
    const [whole, first] = [studyRun(), studyRun()];
    for (const event of events) whole.apply(event);
    for (const event of events.slice(0, 3)) first.apply(event);
    const rest = new LiveRun(JSON.parse(JSON.stringify(first.data)) as typeof first.data);
    rest.take({ events: events.slice(3), results: {}, alive: true });
    expect(rest.data).toEqual(whole.data);
    expect(rest.alive).toBe(true);
  });

  it('keeps why a cell failed, and nothing of it when it starts again', () => {
    const run = studyRun();
    run.apply(at(10, { type: 'stage-failed', cell: student, key, failure, tail: ['NaN'] }));
    expect(run.cell(student)?.progress).toEqual({ state: 'failed', key, failure, tail: ['NaN'] });
    run.apply(at(20, { type: 'stage-started', cell: student, key, attempt: 2, reason: 'it failed' }));
    expect(run.cell(student)?.progress).toEqual({ state: 'running', key, reason: 'it failed' });
  });

  it('takes metrics of older results, and passes over cells that the plan does not have', () => {
    const run = studyRun();
    const reused = at(10, { type: 'stage-reused', cell: 'teacher', key });
    run.take({
      events: [reused, finished('constructor', 1)],
      results: { teacher: { val: { accuracy: 0.9, text: 'x' } } },
    });
    expect(run.cell('teacher')?.progress).toEqual({ state: 'reused', key, metrics: { 'val.accuracy': 0.9 } });
    expect(run.cell('constructor')).toBeUndefined();
  });
});
