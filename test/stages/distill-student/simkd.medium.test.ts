import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { TaskMessage } from '../../../src/core/task.ts';
import { readModel } from '../../../src/ml/inference/trained-model.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { costOf } from '../../../src/ml/network/cost.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { evaluate } from '../../../src/stages/evaluate/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { nativeKernels } from '../../support/native.ts';
import { metric, Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';
import { filesOf, made, together } from '../../support/together.ts';

const workshop = new Workshop();
const recipe = { epochs: 2, lr: 5e-3, batch_size: 32 };
const reused = { model: 'convnet4', kd_method: 'SimKD', kd_weight: 'published' };
const weightsOf = ({ folder }: Made): string => join(folder, 'weights.safetensors');
let data: string;
let teacher: string;

beforeAll(async () => {
  data = await workshop.digits({ train: 200, val: 100, test: 50 });
  teacher = weightsOf(await workshop.make(trainTeacher, { ...recipe, model: 'convnet8', epochs: 4 }, { data }));
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

const distil = (params: JsonObject, circumstances: Circumstances = {}, by = teacher): Promise<Made> =>
  workshop.make(distillStudent, { ...recipe, ...reused, ...params }, { data, teacher: by }, circumstances);

describe('a student with its teacher’s classifier', () => {
  it.each([
    ['wasm', { optimizer: 'adamw', ema: true, weight_decay: 0.1 }],
    ['native', { optimizer: 'sgd', rdrop: true, rdrop_distilling: true, grad_clip: 1, grad_clip_mode: 'norm' }],
    ['reference', { optimizer: 'rmsprop', dropout: 0.2 }],
  ])('has it bit for bit, after training on %s', async (engine, params) => {
    if (engine === 'native' && !nativeKernels().length) return;
    const student = await distil({ ...params, engine, ce_weight: 1, epochs: 1 });
    const [ours, theirs] = [readModel(weightsOf(student)), readModel(teacher)];
    for (const leaf of ['weight', 'bias'])
      expect(ours.state.get(`teacher.fc.${leaf}`)).toEqual(theirs.state.get(`fc.${leaf}`));
    expect(ours.network.model).toBe('convnet4-simkd-convnet8');
    expect(student.metrics['parameters']).toBe(costOf(ours.network).parameters);
  });

  it('is evaluated, and teaches, as any network', async () => {
    const student = await distil({ epochs: 6 });
    expect(readFileSync(join(student.folder, 'task.log'), 'utf8')).toContain('total = 0 loss + 1 SimKD');
    const judged = await workshop.make(evaluate, { splits: ['val'] }, { data, of: weightsOf(student) });
    expect(metric(judged, 'val.accuracy')).toBe(metric(student, 'val.accuracy'));
    expect(metric(judged, 'val.accuracy')).toBeGreaterThan(0.2);
    const pupil = await distil({ kd_method: 'SoftTarget', kd_weight: 1 }, {}, weightsOf(student));
    expect(readModel(weightsOf(pupil)).network.model).toBe('convnet4');
    const again = readModel(weightsOf(await distil({}, {}, weightsOf(student))));
    expect(again.state.get('teacher.teacher.fc.weight')).toEqual(readModel(teacher).state.get('fc.weight'));
  });

  it('goes on from a checkpoint, and in a cohort, and ends with the same bits', async () => {
    const cells = [{}, { simkd_factor: 4, ema: true, lr: 1e-3 }, { kd_method: 'SoftTarget', kd_weight: 1 }];
    const alone = [];
    for (const cell of cells) alone.push(filesOf(await distil(cell)));
    const beside = made(await together(distil, cells));
    expect(beside.map(filesOf)).toEqual(alone);
    const scratch = workshop.folder();
    const stop = new AbortController();
    const told = (message: TaskMessage) => {
      if (message.type === 'progress') stop.abort();
    };
    await expect(distil(cells[1]!, { scratch, signal: stop.signal, told })).rejects.toThrow('interrupted');
    expect(filesOf(await distil(cells[1]!, { scratch }))).toEqual(alone[1]);
  });

  it('takes its model’s weights to start from', async () => {
    const weights = weightsOf(await workshop.make(trainTeacher, { ...recipe, model: 'convnet4' }, { data }));
    const params = { ...recipe, ...reused, lr: 1e-12, epochs: 1 };
    const student = await workshop.make(distillStudent, params, { data, teacher, weights });
    const [ours, start] = [readModel(weightsOf(student)).state, readModel(weights).state];
    const name = 'block1.conv.weight';
    expect(Math.max(...ours.get(name)!.map((value, at) => Math.abs(value - start.get(name)![at]!)))).toBeLessThan(1e-6);
  });
});
