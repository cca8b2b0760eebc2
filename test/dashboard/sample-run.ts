import type { Event, EventBody } from '../../src/core/event.ts';
import { describePlan } from '../../src/dashboard/data/describe-plan.ts';
import { LiveRun } from '../../src/dashboard/data/live-run.ts';
import { accuracy, study } from '../report/sample-plan.ts';

/** A moment of the run; milliseconds since the Unix epoch. */
export const noon = 1_750_000_000_000;

/** An event, some milliseconds after noon. */
export const at = (after: number, body: EventBody): Event => ({ ...body, at: noon + after });

/** The key of every result. */
export const key = 'a'.repeat(64);

/** The study of `report/sample-plan.ts` as a run that has not begun. */
export const studyRun = (): LiveRun => new LiveRun(describePlan(study(), '20250615T120000000Z-0a1b2c'));

/** The first event of that run. */
export const started = at(0, {
  type: 'run-started',
  run: '20250615T120000000Z-0a1b2c',
  pipeline: 'study',
  file: 'study.yaml',
  cells: 20,
  slots: 2,
  command: 'kdpipe run study.yaml',
  commit: null,
});

/** A cell's end, with a test accuracy. */
export const finished = (cell: string, value: number): Event =>
  at(2000, { type: 'stage-finished', cell, key, seconds: 2, metrics: accuracy(value) });

const scores: Readonly<Record<string, readonly number[]>> = { MGD: [0.75, 0.762, 0.741], AT: [0.705, 0.7, 0.71] };

/** The study with its students evaluated. */
export function scoredRun(): LiveRun {
  const run = studyRun();
  run.apply(started);
  for (const [method, values] of Object.entries(scores))
    for (const [seed, value] of values.entries())
      run.apply(finished(`score[of=student[kd_method=${method},seed=${seed}]]`, value));
  return run;
}
