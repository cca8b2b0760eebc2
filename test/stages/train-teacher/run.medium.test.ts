import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disposeEngines, sharedEngine } from '../../../src/ml/inference/shared-engine.ts';
import { readModel } from '../../../src/ml/inference/trained-model.ts';
import { metricPaths } from '../../../src/core/metrics.ts';
import { StageInterrupted } from '../../../src/stages/stage-kind.ts';
import { roundedToHalf } from '../../../src/ml/weights/round-half.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { metric, Workshop, type Made } from '../../support/stage-workshop.ts';

const workshop = new Workshop();
const recipe = { model: 'convnet8', epochs: 12, lr: 2e-2, batch_size: 16, crop: 'centre' };
const read = (made: Made, file: string) => readFileSync(join(made.folder, file));
let data: string;
let whole: Made;

beforeAll(async () => {
  data = await workshop.digits({ train: 600, val: 200, test: 200 });
  whole = await workshop.make(trainTeacher, recipe, { data }, { threads: 2 });
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

describe('training on real digits', () => {
  it('reaches 90 % on 200 digits that it has not seen, from 600', () => {
    expect(metric(whole, 'val.accuracy')).toBeGreaterThanOrEqual(0.9);
    expect(metric(whole, 'val.loss')).toBeLessThan(1);
  });

  it('says what it made: metrics, network, engine', async () => {
    expect(whole.metrics).toMatchObject({ epochs: 12, parameters: 6418 });
    expect(metric(whole, 'images_per_second')).toBeGreaterThan(0);
    expect(metricPaths(whole.metrics).toSorted()).toEqual(trainTeacher.metrics?.({}).toSorted());
    const { name } = await sharedEngine('auto');
    expect(whole.environment).toMatchObject({ engine: { name }, auto: expect.stringContaining(name) as string });
  });

  it('writes weights that say themselves what they are', () => {
    const model = readModel(join(whole.folder, 'weights.safetensors'));
    expect(model.network.model).toBe('convnet8');
    expect(model.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(model.network.input.height).toBe(28);
    // 600 images in batches of 16: 38 updates an epoch.
    expect(model.batches).toBe((metric(whole, 'best_epoch') + 1) * 38);
  });

  it('writes curves whose best row is the metrics', () => {
    const [header = '', ...rows] = read(whole, 'curves.csv').toString().trim().split('\n');
    expect(rows).toHaveLength(12);
    const best = rows[metric(whole, 'best_epoch')]!.split(',');
    expect(Number(best[header.split(',').indexOf('val_accuracy')])).toBe(metric(whole, 'val.accuracy'));
    expect(read(whole, 'log.txt').toString()).toMatch(/^epoch 0: .*\n(.*\n)+kept epoch \d+\n$/);
  });

  it('says in the stage’s log what the log of the result says', () => {
    expect(read(whole, 'task.log')).toEqual(read(whole, 'log.txt'));
  });

  it('tells a row an epoch, and progress in epochs', () => {
    expect(whole.messages.filter(({ type }) => type === 'metric')).toHaveLength(12);
    expect(whole.messages.find(({ type }) => type === 'progress')).toMatchObject({ unit: 'epochs', total: 12 });
  });
});

describe('a training stage', () => {
  it('that is stopped and runs again makes the same bytes, in every file, with any number of threads', async () => {
    const scratch = workshop.folder();
    const stopper = new AbortController();
    let rows = 0;
    const stopped = workshop.make(
      trainTeacher,
      recipe,
      { data },
      {
        scratch,
        signal: stopper.signal,
        told: ({ type }) => {
          if (type === 'metric' && ++rows === 5) stopper.abort();
        },
      },
    );
    await expect(stopped).rejects.toThrow(StageInterrupted);
    expect(existsSync(join(scratch, 'checkpoint.safetensors'))).toBe(true);
    const again = await workshop.make(trainTeacher, recipe, { data }, { scratch, threads: 1 });
    expect(again.messages.filter(({ type }) => type === 'metric')).toHaveLength(7);
    for (const file of ['weights.safetensors', 'curves.csv', 'log.txt'])
      expect(read(again, file)).toEqual(read(whole, file));
    // Twelve epochs and the one that was kept: the run that was stopped has said the first five.
    const lines = read(whole, 'log.txt').toString().split('\n');
    expect(read(again, 'task.log').toString()).toBe(lines.slice(5).join('\n'));
  });

  it('that asks for half precision on an engine without runs in float32, to the same bytes, and its record says so', async () => {
    const [plain, mixed] = await Promise.all(
      [false, true].map((amp) => workshop.make(trainTeacher, { ...recipe, epochs: 1, amp, engine: 'wasm' }, { data })),
    );
    expect(read(mixed!, 'weights.safetensors')).toEqual(read(plain!, 'weights.safetensors'));
    expect(mixed!.environment).toEqual({ ...plain!.environment, amp: 'float32' });
    expect(plain!.environment).not.toHaveProperty('amp');
  });

  it('rounds what it keeps of its weights to half precision where it is asked to, and nothing else', async () => {
    const short = { ...recipe, epochs: 1 };
    const plain = await workshop.make(trainTeacher, short, { data });
    const rounded = await workshop.make(trainTeacher, { ...short, kept_weights: 'float16' }, { data });
    const [from, to] = [plain, rounded].map((made) => readModel(join(made.folder, 'weights.safetensors')).state);
    for (const [name, values] of from!) expect(to!.get(name)).toEqual(roundedToHalf(values));
    expect(to).not.toEqual(from);
    for (const file of ['curves.csv', 'log.txt']) expect(read(rounded, file)).toEqual(read(plain, file));
  });

  it('starts from weights of the same model, and from no others', async () => {
    const weights = join(whole.folder, 'weights.safetensors');
    const more = await workshop.make(trainTeacher, { ...recipe, epochs: 1, lr: 1e-5 }, { data, weights });
    expect(metric(more, 'val.accuracy')).toBeGreaterThanOrEqual(0.9);
    await expect(workshop.make(trainTeacher, { ...recipe, model: 'convnet4' }, { data, weights })).rejects.toThrow(
      'weights are of convnet8',
    );
  });

  it('refuses to select by a validation split that has no images', async () => {
    const unsplit = await workshop.digits({ train: 60, test: 60 }, { split: { val: 0 } });
    await expect(workshop.make(trainTeacher, recipe, { data: unsplit })).rejects.toThrow(
      'select is val.accuracy, and the dataset has no validation images',
    );
    const last = await workshop.make(trainTeacher, { ...recipe, epochs: 1, select: 'last' }, { data: unsplit });
    expect(last.metrics).not.toHaveProperty('val');
  });
});
