import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { decodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import { metricPaths } from '../../../src/core/metrics.ts';
import { evaluate } from '../../../src/stages/evaluate/kind.ts';
import { predict } from '../../../src/stages/predict/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { completedParams, metric, Workshop, type Made } from '../../support/stage-workshop.ts';

const workshop = new Workshop();
const ways = { splits: ['val', 'test'], tta: ['none', 'ten-crop'] };
let data: string;
let of: string;
let teacher: string;
let kept: Made;
let compared: Made;

beforeAll(async () => {
  data = await workshop.digits({ train: 200, val: 40, test: 60 });
  const trained = async (seed: number) => {
    const made = await workshop.make(trainTeacher, { model: 'convnet4', epochs: 2, lr: 5e-3, seed }, { data });
    return join(made.folder, 'weights.safetensors');
  };
  [of, teacher] = [await trained(0), await trained(1)];
  kept = await workshop.make(predict, ways, { data, of: teacher });
  compared = await workshop.make(evaluate, ways, { data, of, teacher });
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

const logitsFile = (made: Made) => join(made.folder, 'logits.safetensors');
/** Rows of kept logits. */
function rowsIn(path: string, name: string): readonly (readonly number[])[] {
  const values = decodeSafetensors(readFileSync(path), path).tensors.get(name)?.values as Float32Array;
  return Array.from({ length: values.length / 10 }, (_, image) => [...values.subarray(image * 10, image * 10 + 10)]);
}
const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
function softmax(row: readonly number[]): readonly number[] {
  const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return row.map((logit) => Math.exp(logit) / total);
}
const withoutSpeed = ({ metrics: { images_per_second: _, ...rest } }: Made) => rest;

describe('a prediction that is kept', () => {
  it('has a row of logits for each image, a tensor for each split and augmentation', () => {
    const { tensors } = decodeSafetensors(readFileSync(logitsFile(kept)), 'logits');
    const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
    expect(shapes).toEqual({ val: [40, 10], 'val.ten-crop': [40, 10], test: [60, 10], 'test.ten-crop': [60, 10] });
    expect(metric(kept, 'images_per_second')).toBeGreaterThan(0);
  });

  it('has the same bytes whatever the batch size and threads', async () => {
    const other = await workshop.make(predict, { ...ways, batch_size: 7 }, { data, of: teacher }, { threads: 2 });
    expect(readFileSync(logitsFile(other))).toEqual(readFileSync(logitsFile(kept)));
  });
});

describe('an evaluation beside a teacher', () => {
  it.each(['val', 'test.ten-crop'])('finds for %s the agreement and divergence of their logits', async (name) => {
    const own = await workshop.make(predict, ways, { data, of });
    const [mine, theirs] = [rowsIn(logitsFile(own), name), rowsIn(logitsFile(kept), name)];
    const guess = (row: readonly number[]) => row.indexOf(Math.max(...row));
    const agreement = average(mine.map((row, image) => Number(guess(row) === guess(theirs[image]!))));
    const divergence = average(
      mine.map((row, image) => {
        const [p, q] = [softmax(theirs[image]!), softmax(row)];
        return p.reduce((sum, share, label) => sum + share * Math.log(share / q[label]!), 0);
      }),
    );
    const path = name.replace('ten-crop', 'tta');
    expect(metric(compared, `${path}.agreement`)).toBeCloseTo(agreement, 12);
    expect(metric(compared, `${path}.teacher_kl`)).toBeCloseTo(divergence, 9);
    expect(agreement).toBeLessThan(1);
  });

  it('finds the same from logits that were kept', async () => {
    const read = await workshop.make(evaluate, ways, { data, of, teacher: logitsFile(kept) });
    expect(withoutSpeed(read)).toEqual(withoutSpeed(compared));
  });

  it('reports the metrics that its kind names beforehand, and no other', async () => {
    const alone = await workshop.make(evaluate, { splits: ['val'] }, { data, of });
    const named = (params: JsonObject) => evaluate.metrics?.(completedParams(evaluate, { data, of, ...params }));
    expect(metricPaths(alone.metrics)).toEqual(named({ splits: ['val'] }));
    expect(metricPaths(compared.metrics).toSorted()).toEqual(named({ ...ways, teacher })?.toSorted());
    expect(metricPaths(kept.metrics)).toEqual(predict.metrics?.({}));
  });

  it('leaves the network’s own numbers as they are without one', async () => {
    const alone = await workshop.make(evaluate, ways, { data, of });
    expect(compared.metrics).toMatchObject(withoutSpeed(alone));
    expect(alone.metrics['test']).not.toHaveProperty('agreement');
  });

  it('compares no network with itself, run or kept', async () => {
    for (const itself of [teacher, logitsFile(kept)]) {
      const { metrics } = await workshop.make(evaluate, ways, { data, of: teacher, teacher: itself });
      expect(metrics['test']).not.toHaveProperty('agreement');
    }
  });

  it('refuses logits of other images, and of a split that was not kept', async () => {
    const other = await workshop.digits({ train: 200, val: 40, test: 50 });
    const some = await workshop.make(predict, { splits: ['val'] }, { data, of: teacher });
    const inputs = { of, teacher: logitsFile(kept) };
    await expect(workshop.make(evaluate, ways, { ...inputs, data: other })).rejects.toThrow('of another dataset');
    await expect(workshop.make(evaluate, ways, { data, of, teacher: logitsFile(some) })).rejects.toThrow(
      'has no logits of val.ten-crop',
    );
  });
});
