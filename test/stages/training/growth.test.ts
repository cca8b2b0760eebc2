import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { adapterRate, learningRate } from '../../../src/ml/optim/schedule.ts';
import { distillingParams, recipeParams } from '../../../src/params/recipe.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { trainingGrowth, whyOtherCourse } from '../../../src/stages/training/growth.ts';
import { problemsOf } from '../../support/kind-rules.ts';
import { recipeWith } from '../../support/training-job.ts';

const SCHEDULES = recipeParams.schedule.enum;
const written = (params: JsonObject): JsonObject => ({
  ...{ schedule: 'cosine', warmup: false, warmup_ratio: 0.05, epochs: 6, ...params },
});

/** Rates of the first epochs, of students and of their adapters in both forms. */
function rates(change: Parameters<typeof recipeWith>[0], first: number): readonly number[] {
  const plan = recipeWith({ step_size: 3, t_max: 3, ...change });
  const forms = distillingParams.adapter_schedule.enum;
  return Array.from({ length: first }, (_, epoch) => [
    learningRate(plan, epoch),
    ...forms.map((form) => adapterRate(plan, epoch, form)),
  ]).flat();
}

describe('a training of more epochs', () => {
  it.each(SCHEDULES.flatMap((schedule) => [false, true].map((warmup) => [schedule, warmup] as const)))(
    'goes on where its first epochs have the rates of the shorter one: %s, warm-up %s',
    (schedule, warmup) => {
      for (const ratio of [0.05, 0.3])
        for (let epochs = 2; epochs <= 24; epochs++)
          for (let shorter = 2; shorter <= epochs; shorter++) {
            const recipe = { schedule, warmup, warmup_ratio: ratio };
            const same =
              rates({ ...recipe, epochs }, shorter).join() === rates({ ...recipe, epochs: shorter }, shorter).join();
            const reason = whyOtherCourse(written({ ...recipe, epochs }), shorter);
            expect(reason === null, `${shorter} of ${epochs}, ratio ${ratio}: ${reason}`).toBe(same);
          }
    },
  );

  it('says why it does not', () => {
    expect(whyOtherCourse(written({}), 4)).toBe('schedule: cosine falls over all epochs');
    expect(whyOtherCourse(written({ schedule: 'step', warmup: true, warmup_ratio: 0.3 }), 3)).toBe(
      'warm-up is a share of the epochs, 0 of 3, and 1 of all',
    );
  });

  it('begins as the one with fewer epochs, or as the one that it extends', () => {
    const { beginning, length, params } = trainingGrowth;
    const constant = written({ schedule: 'constant' });
    expect(beginning(constant, 4)).toEqual({ params: { ...constant, epochs: 4 } });
    expect(beginning(constant, 6)).toEqual({ params: constant });
    expect(beginning(written({}), 4)).toEqual({
      reason: 'schedule: cosine falls over all epochs',
      remedy: 'extend: 4 would go on from there',
    });
    const scheduled = written({ schedule_epochs: 9 });
    expect(beginning(scheduled, 4)).toEqual({ params: { ...scheduled, epochs: 4 } });
    const extended = written({ extend: 4 });
    expect(beginning(extended, 4)).toEqual({ params: written({ epochs: 4 }) });
    expect(beginning(extended, 6)).toEqual({ params: extended });
    expect(beginning(extended, 5)).toEqual({ reason: 'extend is 4' });
    expect(length(extended)).toBe(6);
    for (const kind of [trainTeacher, distillStudent]) {
      expect(kind.growth).toBe(trainingGrowth);
      for (const name of params) expect(kind.params).toHaveProperty(name);
    }
  });
});

describe('a training that extends a shorter one', () => {
  it.each(SCHEDULES)('has the rates of the shorter one, then those of all its epochs: %s', (schedule) => {
    const recipe = { schedule, warmup: true, warmup_ratio: 0.3 };
    const extended = rates({ ...recipe, epochs: 9, extend: 4 }, 9);
    const each = extended.length / 9;
    expect(extended.slice(0, 4 * each)).toEqual(rates({ ...recipe, epochs: 4 }, 4));
    expect(extended.slice(4 * each)).toEqual(rates({ ...recipe, epochs: 9 }, 9).slice(4 * each));
  });

  const problems = (params: JsonObject) => problemsOf(trainTeacher, { data: 'd', model: 'resnet8', ...params });

  it('is refused where it would do nothing, or is no longer', () => {
    expect(problems({ epochs: 6, extend: 4 })).toEqual([]);
    expect(problems({ epochs: 6, extend: 4, schedule: 'constant' })).toMatchObject([
      { code: 'no-effect', param: ['extend'], message: expect.stringContaining('epochs: 4 anyway') as string },
    ]);
    expect(problems({ epochs: 4, extend: 4 })).toMatchObject([
      { code: 'out-of-range', param: ['extend'], message: 'extend is 4, and epochs is 4' },
    ]);
  });
});
