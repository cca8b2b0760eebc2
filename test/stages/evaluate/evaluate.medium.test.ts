import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metrics } from '../../../src/ml/metrics/registry.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { encodeModel, readModel } from '../../../src/ml/inference/trained-model.ts';
import { evaluate } from '../../../src/stages/evaluate/kind.ts';
import { kinds } from '../../../src/stages/registry.ts';
import { StageInterrupted } from '../../../src/stages/stage-kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { completedParams, metric, Workshop, type Made } from '../../support/stage-workshop.ts';

const workshop = new Workshop();
const recipe = { model: 'convnet8', epochs: 6, lr: 5e-3, batch_size: 32 };
const text = (made: Made, file: string) => readFileSync(join(made.folder, file), 'utf8');
const rows = (made: Made, file: string) =>
  text(made, file)
    .trim()
    .split('\n')
    .map((line) => line.split(','));
let data: string;
let of: string;
let teacher: Made;
let scored: Made;

beforeAll(async () => {
  data = await workshop.digits({ train: 300, val: 100, test: 150 });
  teacher = await workshop.make(trainTeacher, recipe, { data });
  of = join(teacher.folder, 'weights.safetensors');
  scored = await workshop.make(evaluate, { tta: ['none', 'ten-crop'] }, { data, of });
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

describe('the evaluate kind', () => {
  it('is registered under its own name; it measures val and test without augmentation unless told', () => {
    expect(kinds.evaluate).toBe(evaluate);
    expect(completedParams(evaluate, { data: 'd', of: 'w' })).toMatchObject({ splits: ['val', 'test'], tta: ['none'] });
    expect(Object.keys(evaluate.outputs({}))).toEqual([
      'metrics',
      'per_class',
      'confusion',
      'calibration',
      'predictions',
    ]);
  });

  it.each([{ splits: [] }, { splits: ['valid'] }, { tta: ['none', 'none'] }, { tta: ['flip'] }, { batch_size: 0 }])(
    'refuses %j',
    (params) => {
      expect(() => completedParams(evaluate, { data: 'd', of: 'w', ...params })).toThrow();
    },
  );
});

describe('an evaluation', () => {
  it('finds on the validation split what training found', () => {
    expect(metric(scored, 'val.accuracy')).toBe(metric(teacher, 'val.accuracy'));
    expect(metric(scored, 'val.mpa')).toBe(metric(teacher, 'val.mpa'));
    expect(metric(scored, 'val.nll')).toBe(metric(teacher, 'val.loss'));
  });

  it('has all metrics of each split, those of ten crops below tta, and the network’s cost', () => {
    const names = Object.keys(metrics);
    for (const split of ['val', 'test'])
      for (const name of names) {
        expect(metric(scored, `${split}.${name}`), name).toBeGreaterThan(0);
        expect(metric(scored, `${split}.tta.${name}`), name).toBeGreaterThan(0);
      }
    expect(metric(scored, 'test.tta.nll')).not.toBe(metric(scored, 'test.nll'));
    expect(scored.metrics).toMatchObject({ parameters: 6418 });
  });

  it('tells its speed to the record and no file: equal networks give equal bytes', async () => {
    const again = await workshop.make(evaluate, { tta: ['none', 'ten-crop'] }, { data, of });
    const { images_per_second: speed, ...rest } = again.metrics;
    expect(speed).toBeGreaterThan(0);
    expect(JSON.parse(text(again, 'metrics.json'))).toEqual(rest);
    for (const file of Object.values(evaluate.outputs({}))) expect(text(again, file)).toBe(text(scored, file));
  });

  it('writes one prediction an image, which add up to the accuracy', () => {
    const [header, ...lines] = rows(scored, 'predictions.csv');
    expect(header).toEqual(['split', 'tta', 'name', 'label', 'predicted', 'probability']);
    const test = lines.filter(([split, tta]) => split === 'test' && tta === 'none');
    expect(test).toHaveLength(150);
    const hits = test.filter(([, , , label, predicted]) => label === predicted).length;
    expect(hits / 150).toBe(metric(scored, 'test.accuracy'));
    expect(new Set(test.map(([, , name]) => name)).size).toBe(150);
    for (const line of test) expect(Number(line[5])).toBeGreaterThanOrEqual(0.1);
  });

  it('writes a confusion matrix with the same hits, and recalls that average to the MPA', () => {
    const [, ...matrix] = rows(scored, 'confusion.csv').filter(([split, tta]) => split !== 'val' && tta !== 'ten-crop');
    expect(matrix).toHaveLength(10);
    const hits = matrix.reduce((sum, line, label) => sum + Number(line[3 + label]), 0);
    expect(hits / 150).toBe(metric(scored, 'test.accuracy'));
    const recalls = rows(scored, 'per-class.csv').filter(([split, tta]) => split === 'test' && tta === 'none');
    const mean = recalls.reduce((sum, line) => sum + Number(line[4]), 0) / 10;
    expect(mean).toBeCloseTo(metric(scored, 'test.mpa'), 12);
  });

  it('writes a reliability table that adds up to the calibration error', () => {
    const bins = rows(scored, 'calibration.csv').filter(([split, tta]) => split === 'test' && tta === 'none');
    expect(bins).toHaveLength(15);
    expect(bins.reduce((sum, bin) => sum + Number(bin[4]), 0)).toBe(150);
    const gaps = bins.map((bin) => Number(bin[4]) * Math.abs(Number(bin[5]) - Number(bin[6])));
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / 150).toBeCloseTo(metric(scored, 'test.ece'), 12);
  });

  it('does not depend on the batch size or threads', async () => {
    const other = await workshop.make(evaluate, { batch_size: 7, splits: ['test'] }, { data, of }, { threads: 2 });
    expect(metric(other, 'test.nll')).toBe(metric(scored, 'test.nll'));
    expect(other.metrics).not.toHaveProperty('val');
  });

  it('normalises as the network was trained, whatever the dataset says', async () => {
    const imagenet = await workshop.digits({ train: 300, val: 100, test: 150 }, { mean_std: 'imagenet' });
    const other = await workshop.make(evaluate, { splits: ['test'] }, { data: imagenet, of });
    expect(metric(other, 'test.nll')).toBe(metric(scored, 'test.nll'));
  });

  it('refuses a network with other classes, and a split without images', async () => {
    const model = readModel(of);
    const renamed = join(workshop.folder(), 'weights.safetensors');
    writeFileSync(renamed, encodeModel({ ...model, classes: [...model.classes].reverse() }));
    await expect(workshop.make(evaluate, {}, { data, of: renamed })).rejects.toThrow(
      'the network calls class 0 9, the dataset calls it 0',
    );
    const unsplit = await workshop.digits({ train: 60, test: 60 }, { split: { val: 0 } });
    await expect(workshop.make(evaluate, {}, { data: unsplit, of })).rejects.toThrow('the dataset has no val images');
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(workshop.make(evaluate, {}, { data, of }, { signal })).rejects.toThrow(StageInterrupted);
  });
});
