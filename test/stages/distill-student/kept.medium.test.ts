import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { TaskMessage } from '../../../src/core/task.ts';
import { TeacherPass } from '../../../src/ml/train/teacher-pass.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { predict } from '../../../src/stages/predict/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';
import { filesOf, made, together } from '../../support/together.ts';

const workshop = new Workshop();
const recipe = { model: 'convnet4', epochs: 2, lr: 5e-3, batch_size: 32, crop: 'centre' };
const soft = { kd_method: 'SoftTarget', kd_ratio: 0.8 };
let data: string;
/** Two networks, and the logits of each. */
let networks: readonly [string, string];
let logits: readonly [string, string];

beforeAll(async () => {
  data = await workshop.digits({ train: 200, val: 60, test: 10 });
  const trained = async (seed: number) => {
    const { folder } = await workshop.make(trainTeacher, { ...recipe, model: 'convnet8', seed }, { data });
    return join(folder, 'weights.safetensors');
  };
  const said = async (of: string) => {
    const { folder } = await workshop.make(predict, { splits: ['train'], batch_size: 50 }, { data, of });
    return join(folder, 'logits.safetensors');
  };
  networks = [await trained(0), await trained(1)];
  logits = [await said(networks[0]), await said(networks[1])];
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

const taught =
  (teacher: string | readonly string[]) =>
  (params: JsonObject, circumstances: Circumstances = {}): Promise<Made> =>
    workshop.make(distillStudent, { ...recipe, ...params }, { data, teacher }, circumstances);

describe('a student of kept logits', () => {
  const methods = Object.entries(catalogue()['methods'] ?? {}).filter(([, { logits: alone }]) => alone === true);

  it.each(methods.map(([name]) => name))('learns by %s the same bits as beside the network', async (name) => {
    const params = { kd_method: name, kd_ratio: 0.7 };
    expect(filesOf(await taught(logits[0])(params))).toEqual(filesOf(await taught(networks[0])(params)));
  });

  it.each(['losses', 'logits'])('takes them beside networks, for the mean of several teachers’ %s', async (mean) => {
    const params = { ...soft, teachers_mean: mean };
    const beside = filesOf(await taught(networks)(params));
    expect(filesOf(await taught(logits)(params))).toEqual(beside);
    expect(filesOf(await taught([logits[0], networks[1]])(params))).toEqual(beside);
    expect(filesOf(await taught([logits[1], logits[1]])(params))).not.toEqual(beside);
  });

  it('learns in a cohort what it learns alone, and no teacher runs', async () => {
    const passes = vi.spyOn(TeacherPass.prototype, 'of');
    const cells = [soft, { ...soft, kd_ratio: 0.5, ema: true }, { ...soft, kd_method: 'DKD' }];
    const beside = made(await together(taught(logits[0]), cells));
    expect(passes).not.toHaveBeenCalled();
    passes.mockRestore();
    for (const [at, cell] of cells.entries())
      expect(filesOf(beside[at]!)).toEqual(filesOf(await taught(networks[0])(cell)));
  });

  it('goes on from a checkpoint, and ends as it would have', async () => {
    const scratch = workshop.folder();
    const stop = new AbortController();
    const told = (message: TaskMessage) => {
      if (message.type === 'progress') stop.abort();
    };
    const student = taught(logits[0]);
    await expect(student(soft, { scratch, signal: stop.signal, told })).rejects.toThrow('interrupted');
    expect(filesOf(await student(soft, { scratch }))).toEqual(filesOf(await taught(networks[0])(soft)));
  });

  it('is refused logits of other images, and those of other splits', async () => {
    const other = await workshop.digits({ train: 200, val: 60, test: 20 });
    const inputs = { data: other, teacher: logits[0] };
    await expect(workshop.make(distillStudent, { ...recipe, ...soft }, inputs)).rejects.toThrow('of another dataset');
    const { folder } = await workshop.make(predict, { splits: ['val'] }, { data, of: networks[0] });
    await expect(taught(join(folder, 'logits.safetensors'))(soft)).rejects.toThrow('has no logits of train');
  });
});
