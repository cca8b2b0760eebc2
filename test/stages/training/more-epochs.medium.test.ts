import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeptCheckpoint } from '../../../src/core/growth.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { trainingGrowth } from '../../../src/stages/training/growth.ts';
import { Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';
import { filesOf, made, together as cohortOf } from '../../support/together.ts';

const workshop = new Workshop();
const recipe = { model: 'convnet4', lr: 5e-3, batch_size: 16, schedule: 'constant' };
let data: string;
let teacher: string;

beforeAll(async () => {
  data = await workshop.digits({ train: 36, val: 16, test: 10 });
  teacher = join(
    (await workshop.make(trainTeacher, { ...recipe, model: 'convnet8', epochs: 2 }, { data })).folder,
    'weights.safetensors',
  );
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

const distil = (params: JsonObject, circumstances: Circumstances = {}): Promise<Made> =>
  workshop.make(distillStudent, { ...recipe, ...params }, { data, teacher }, circumstances);

/** A student of fewer epochs, and the checkpoint that it ended in. */
async function shorter(params: JsonObject, length: number): Promise<KeptCheckpoint> {
  const scratch = workshop.folder();
  await distil({ ...params, epochs: length }, { scratch });
  const path = join(scratch, trainingGrowth.checkpoint);
  return { key: 'ab'.repeat(32), cell: 'student', length, path, digest: '' };
}

const numbers = ({ metrics }: Made): JsonObject => ({ ...metrics, images_per_second: null });
const logOf = ({ folder }: Made): string => readFileSync(join(folder, 'task.log'), 'utf8');

const STUDENTS: readonly (readonly [string, JsonObject])[] = [
  ['soft targets', { kd_method: 'SoftTarget', kd_ratio: 0.5 }],
  ['a moving average', { kd_method: 'SoftTarget', kd_ratio: 0.5, ema: true }],
  ['R-Drop', { kd_method: 'SoftTarget', kd_ratio: 0.5, rdrop: true, dropout: 0.2 }],
  ['mixed images', { kd_method: 'SoftTarget', kd_ratio: 0.5, mixup: 'mixup', flip: true }],
  ['weights that climb beyond the shorter one', { kd_method: 'SoftTarget', kd_ratio: 0.5, ramp: 3 }],
  ['adapters', { kd_method: 'MGD', kd_weight: 1 }],
  ['adapters and R-Drop', { kd_method: 'VID', kd_weight: 1, rdrop: true, dropout: 0.2 }],
  ['a memory', { kd_method: 'CRD', kd_weight: 0.8, crd_dimension: 8, crd_negatives: 12 }],
  [
    'several terms, drops of the rate',
    {
      kd: [
        { method: 'CRD', weight: 1, crd_dimension: 8 },
        { method: 'MGD', weight: 1 },
      ],
      schedule: 'step',
      step_size: 1,
    },
  ],
  ['adapters as the original had them', { kd_method: 'MGD', kd_weight: 1, adapter_schedule: 'original' }],
];

describe('a student of more epochs', () => {
  it.each(STUDENTS)('has the files and numbers of one that was never shorter: %s', async (_, params) => {
    const beginning = await shorter(params, 2);
    const straight = await distil({ ...params, epochs: 4 });
    const continued = await distil({ ...params, epochs: 4 }, { beginning });
    expect(filesOf(continued)).toEqual(filesOf(straight));
    expect(numbers(continued)).toEqual(numbers(straight));
    expect(logOf(continued)).toContain('continues after 2 epochs of student (abababababab)\nepoch 2:');
    expect(continued.messages.filter(({ type }) => type === 'warning')).toEqual([]);
  });

  it('goes on from its own checkpoint where it has one', async () => {
    const params = { kd_method: 'SoftTarget', kd_ratio: 0.5, epochs: 4 };
    const beginning = await shorter(params, 1);
    const scratch = workshop.folder();
    const stop = new AbortController();
    const told: Circumstances['told'] = (message) => {
      if (message.type === 'metric' && message.row['epoch'] === 2) stop.abort();
    };
    await expect(distil(params, { scratch, beginning, signal: stop.signal, told })).rejects.toThrow('interrupted');
    const resumed = await distil(params, { scratch, beginning });
    expect(logOf(resumed)).not.toContain('continues after');
    expect(filesOf(resumed)).toEqual(filesOf(await distil(params)));
  });
});

describe('students of a cohort', () => {
  it('go on from different ends, or from none, with the bits that each has alone', async () => {
    const cells = [
      { kd_method: 'SoftTarget', kd_ratio: 0.5 },
      { kd_method: 'SoftTarget', kd_ratio: 0.9 },
      { kd_method: 'CRD', kd_weight: 0.8, crd_dimension: 8 },
      { kd_method: 'AT', kd_ratio: 100 },
    ];
    const ends = [await shorter(cells[0]!, 2), undefined, await shorter(cells[2]!, 3), await shorter(cells[3]!, 1)];
    const whole = cells.map((cell) => ({ ...cell, epochs: 4 }));
    const seats = ends.map((beginning) => (beginning ? { beginning } : {}));
    const beside = made(await cohortOf(distil, whole, seats));
    for (const [at, cell] of whole.entries()) expect(filesOf(beside[at]!)).toEqual(filesOf(await distil(cell)));
  });
});
