import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { methods } from '../../../src/ml/methods/registry.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { metricPaths } from '../../../src/core/metrics.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { EQUAL_CHANNELS } from '../../support/equal-channels.ts';
import { metric, Workshop, type Made } from '../../support/stage-workshop.ts';

const workshop = new Workshop();
const soft = {
  model: 'convnet4',
  epochs: 3,
  lr: 5e-3,
  batch_size: 32,
  crop: 'centre',
  kd_method: 'SoftTarget',
  kd_ratio: 0.8,
};
const attention = { ...soft, kd_method: 'AT', kd_ratio: 100 };
const weightsOf = (made: Made) => join(made.folder, 'weights.safetensors');
const bytesOf = (made: Made) => readFileSync(weightsOf(made));
let data: string;
let teacher: string;

beforeAll(async () => {
  data = await workshop.digits({ train: 200, val: 100, test: 100 });
  teacher = weightsOf(
    await workshop.make(trainTeacher, { model: 'convnet8', epochs: 4, lr: 5e-3, batch_size: 32 }, { data }),
  );
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

describe('distilling a student', () => {
  it.each([
    ['SoftTarget', soft],
    ['AT', attention],
  ])('by %s makes the same bytes twice, other ones than without a teacher, and tells its term', async (_, params) => {
    const [first, second] = [
      await workshop.make(distillStudent, params, { data, teacher }),
      await workshop.make(distillStudent, params, { data, teacher }),
    ];
    expect(bytesOf(second)).toEqual(bytesOf(first));
    expect(metric(first, 'train.kd_loss')).toBeGreaterThan(0);
    expect(metricPaths(first.metrics).toSorted()).toEqual(distillStudent.metrics?.({}).toSorted());
    const log = readFileSync(join(first.folder, 'task.log'), 'utf8');
    expect(log.match(/^epoch \d: lr .*, loss .*, kd .*, val accuracy .*$/gm)).toHaveLength(3);
    const { kd_method: _method, kd_ratio: _ratio, ...recipe } = params;
    expect(bytesOf(await workshop.make(trainTeacher, recipe, { data }))).not.toEqual(bytesOf(first));
  });

  it.each(Object.keys(methods))(
    'runs %s with its defaults, to a student that it has changed',
    async (name) => {
      const short = {
        ...soft,
        epochs: 1,
        kd_method: name,
        ...(EQUAL_CHANNELS.has(name) && { model: 'convnet8' }),
      };
      const made = await workshop.make(distillStudent, short, { data, teacher });
      expect(Number.isFinite(metric(made, 'train.kd_loss'))).toBe(true);
      const heavier = await workshop.make(distillStudent, { ...short, kd_ratio: 0.9 }, { data, teacher });
      expect(bytesOf(heavier)).not.toEqual(bytesOf(made));
    },
    120_000,
  );

  it('takes the weight itself in place of the ratio that makes it', async () => {
    const { kd_ratio: _ratio, ...rest } = soft;
    const byRatio = await workshop.make(distillStudent, soft, { data, teacher });
    // 0.8 / (1 − 0.8), rounded as the ratio's is.
    const byWeight = await workshop.make(distillStudent, { ...rest, kd_weight: 0.8 / (1 - 0.8) }, { data, teacher });
    expect(bytesOf(byWeight)).toEqual(bytesOf(byRatio));
  });

  it('adds several terms up, from several teachers, behind a ramp, and says what it minimises', async () => {
    const { kd_method: _method, kd_ratio: _ratio, ...recipe } = soft;
    const kd = [
      { method: 'SoftTarget', ratio: 0.8 },
      { method: 'AT', weight: 100, blocks: [2] },
    ];
    const several = { data, teacher: [teacher, teacher] };
    const made = await workshop.make(distillStudent, { ...recipe, kd, ramp: 2 }, several);
    expect(metric(made, 'train.kd_loss')).toBeGreaterThan(0);
    const log = readFileSync(join(made.folder, 'task.log'), 'utf8');
    expect(log).toMatch(/^total = loss \+ 2 SoftTarget \+ 2 SoftTarget \+ 50 AT \+ 50 AT$/m);
    const steep = await workshop.make(distillStudent, { ...recipe, kd }, several);
    expect(bytesOf(steep)).not.toEqual(bytesOf(made));
  });

  it('learns from the mean of equal teachers’ logits what it learns from one of them', async () => {
    const alone = await workshop.make(distillStudent, soft, { data, teacher });
    const mean = { ...soft, teachers_mean: 'logits' };
    const both = await workshop.make(distillStudent, mean, { data, teacher: [teacher, teacher] });
    expect(bytesOf(both)).toEqual(bytesOf(alone));
  });

  it('says which of several teachers was trained on other images', async () => {
    const other = await workshop.digits({ train: 60, val: 30, test: 30 }, { mean_std: 'imagenet' });
    const params = { model: 'convnet8', epochs: 1, batch_size: 32 };
    const stranger = weightsOf(await workshop.make(trainTeacher, params, { data: other }));
    await expect(workshop.make(distillStudent, soft, { data, teacher: [teacher, stranger] })).rejects.toThrow(
      /^teacher 2 was trained on images normalised by mean /,
    );
  });

  it('takes a distilled student as a teacher', async () => {
    const student = await workshop.make(distillStudent, { ...soft, epochs: 1 }, { data, teacher });
    const next = await workshop.make(distillStudent, { ...soft, epochs: 1 }, { data, teacher: weightsOf(student) });
    expect(bytesOf(next)).not.toEqual(bytesOf(student));
  });

  it('gives memory back: many students in a row fit where two do', async () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let seed = 0; seed < 6; seed++)
      await workshop.make(distillStudent, { ...soft, epochs: 1, seed }, { data, teacher });
    global.gc?.();
    // A session of this size holds some megabytes; a leak of one a student would show.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  });

  it('refuses a teacher that was trained on images of another normalisation', async () => {
    const other = await workshop.digits({ train: 60, val: 30, test: 30 }, { mean_std: 'imagenet' });
    await expect(workshop.make(distillStudent, soft, { data: other, teacher })).rejects.toThrow(
      /^the teacher was trained on images normalised by mean /,
    );
  });

  it('refuses blocks that a network lacks', async () => {
    await expect(workshop.make(distillStudent, { ...attention, blocks: [3, 4] }, { data, teacher })).rejects.toThrow(
      'AT asks for block 4',
    );
  });
});
