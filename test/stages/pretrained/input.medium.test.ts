import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import type { PackedManifest } from '../../../src/ml/data/packed.ts';
import { IMAGENET } from '../../../src/ml/data/statistics.ts';
import { KeptLogits } from '../../../src/ml/inference/kept-logits.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { encodeModel, networkFor, type TrainedModel } from '../../../src/ml/inference/trained-model.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import { tensorsOf } from '../../../src/ml/weights/state-dict.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { evaluate } from '../../../src/stages/evaluate/kind.ts';
import { predict } from '../../../src/stages/predict/kind.ts';
import { pretrained } from '../../../src/stages/pretrained/kind.ts';
import { metric, Workshop, type Made } from '../../support/stage-workshop.ts';

const MEAN_STD = [
  [0.5071, 0.4867, 0.4408],
  [0.2675, 0.2565, 0.2761],
] as const;
const STATISTICS = { mean: MEAN_STD[0], std: MEAN_STD[1] } as const;
const OTHER = [
  [0, 0, 0],
  [1, 1, 1],
] as const;

const workshop = new Workshop();
let data: string;
let manifest: PackedManifest;
let stateDict: string;
let model: Omit<TrainedModel, 'input'>;

const file = (bytes: Uint8Array): string => {
  const path = join(workshop.folder(), 'weights.safetensors');
  writeFileSync(path, bytes);
  return path;
};

beforeAll(async () => {
  data = await workshop.digits({ train: 40, val: 20, test: 20 }, { mean_std: MEAN_STD as unknown as number[][] });
  const packed = openPacked(data);
  ({ manifest } = packed);
  packed.close();
  const network = networkFor('convnet4', manifest);
  const state = initialState(network, 2);
  model = { network, state, classes: manifest.classes, batches: 1 };
  stateDict = file(encodeSafetensors({ tensors: tensorsOf(network.parameters, state, 1), metadata: {} }));
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

/** The weights output of a pretrained stage over the state dict. */
async function taken(params: JsonObject = {}): Promise<string> {
  const made = await workshop.make(pretrained, { model: 'convnet4', from: stateDict, ...params });
  return join(made.folder, 'weights.safetensors');
}
const predicted = (of: string): Promise<Made> => workshop.make(predict, { splits: ['test'] }, { data, of });
const logitsIn = ({ folder }: Made) => new KeptLogits(join(folder, 'logits.safetensors')).of('test', 'none');
const warnings = ({ messages }: Made) => messages.flatMap((one) => (one.type === 'warning' ? [one.message] : []));

describe('weights from elsewhere', () => {
  it('are shown images as the dataset normalises them, unless they say it', async () => {
    const made = await predicted(await taken());
    const right = logitsIn(await predicted(file(encodeModel({ ...model, input: { statistics: STATISTICS } }))));
    expect(logitsIn(made)).toEqual(right);
    expect(warnings(made)).toEqual([]);
    const wrong = logitsIn(await predicted(file(encodeModel({ ...model, input: { statistics: IMAGENET } }))));
    expect(wrong).not.toEqual(right);
  });

  it.each([
    ['imagenet', IMAGENET],
    [OTHER as unknown as number[][], { mean: OTHER[0], std: OTHER[1] }],
  ])('are shown images as they themselves say: %j, and it is told', async (said, statistics) => {
    const made = await predicted(await taken({ mean_std: said }));
    expect(logitsIn(made)).toEqual(logitsIn(await predicted(file(encodeModel({ ...model, input: { statistics } })))));
    expect(warnings(made)).toEqual([
      `the network is shown images normalised by its own mean ${statistics.mean.join()}, std ${statistics.std.join()}; mean_std of the dataset is mean 0.5071,0.4867,0.4408, std 0.2675,0.2565,0.2761`,
    ]);
  });

  it('are the same bytes whatever they are called', async () => {
    const imagenet = readFileSync(await taken({ mean_std: 'imagenet' }));
    expect(readFileSync(await taken({ mean_std: [[...IMAGENET.mean], [...IMAGENET.std]] }))).toEqual(imagenet);
    expect(readFileSync(await taken())).not.toEqual(imagenet);
  });

  it.each([
    [{ image_size: 32 }, 'the network wants image_size: 32, and the dataset has image_size: 28'],
    [
      { interpolation: 'bicubic' },
      'the network wants interpolation: bicubic, and the dataset has interpolation: bilinear',
    ],
    [{ crop: 0.875 }, 'the network wants crop: 0.875, and the dataset has crop_pct: 1'],
  ])('that want other images are refused: %j', async (said, message) => {
    const of = await taken(said);
    await expect(workshop.make(evaluate, {}, { data, of })).rejects.toThrow(message);
    await expect(workshop.make(predict, {}, { data, of })).rejects.toThrow(message);
  });

  it('that want what the dataset has are evaluated', async () => {
    const of = await taken({ image_size: 28, interpolation: 'bilinear', crop: 1 });
    const made = await workshop.make(evaluate, { splits: ['test'] }, { data, of });
    expect(metric(made, 'test.images')).toBe(20);
  });

  it('that want other images than most are evaluated on those', async () => {
    const asked = { mean_std: 'data', image_size: 32, interpolation: 'bicubic', crop_pct: 0.875 };
    const shown = await workshop.digits({ train: 40, val: 20, test: 20 }, asked);
    const of = await taken({ image_size: 32, interpolation: 'bicubic', crop: 0.875 });
    const made = await workshop.make(evaluate, { splits: ['test'] }, { data: shown, of });
    expect(metric(made, 'test.images')).toBe(20);
  });

  it('teach on the student’s images, or are refused where they want others', async () => {
    const params = { model: 'convnet4', kd_method: 'SoftTarget', kd_ratio: 0.5, epochs: 1, batch_size: 20 };
    const teach = (teacher: string) => workshop.make(distillStudent, params, { data, teacher });
    expect(metric(await teach(await taken()), 'epochs')).toBe(1);
    await expect(teach(await taken({ mean_std: 'imagenet' }))).rejects.toThrow(
      'the teacher was trained on images normalised by mean 0.485,0.456,0.406, std 0.229,0.224,0.225',
    );
    await expect(teach(await taken({ image_size: 32 }))).rejects.toThrow('the teacher wants image_size: 32');
  });
});
