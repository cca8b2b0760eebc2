import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { graphOf } from '../../../src/ml/export/onnx/graph.ts';
import { encodeOnnx, type NodeProto, type Port } from '../../../src/ml/export/onnx/model-proto.ts';
import { OnnxNetwork } from '../../../src/ml/inference/onnx/onnx-network.ts';
import { loadRuntime } from '../../../src/ml/inference/onnx/runtime.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { readModel, type TrainedModel } from '../../../src/ml/inference/trained-model.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { evaluate } from '../../../src/stages/evaluate/kind.ts';
import { onnx } from '../../../src/stages/onnx/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';
import { made, together } from '../../support/together.ts';

const runtime = loadRuntime();
const lacking = 'unavailable' in runtime ? runtime.unavailable : undefined;
const recipe = { model: 'convnet4', epochs: 1, lr: 5e-3, batch_size: 32 };

/** The network as an ONNX model, maps of its second block and pooled features beside its logits. */
function onnxOf(
  { network, state }: TrainedModel,
  how: { readonly batch?: number; readonly normalises?: { mean: readonly number[]; std: readonly number[] } } = {},
): Uint8Array {
  const { batch, normalises } = how;
  const { nodes, initializers, logits } = graphOf(network, state, normalises ? 'normalised' : 'image');
  const constant = (name: string, values: readonly number[]) => ({
    ...{ name, shape: [1, 3, 1, 1] },
    values: Float32Array.from(values),
  });
  const before: readonly NodeProto[] = normalises
    ? [
        { operator: 'Sub', inputs: ['image', 'mean'], output: 'centred' },
        { operator: 'Div', inputs: ['centred', 'std'], output: 'normalised' },
      ]
    : [];
  const { height, width } = network.input;
  const map = (tap: string): Port => {
    const layer = network.layers[network.taps[tap] ?? -1];
    if (!layer) throw new Error(`no tap ${tap}`);
    const { channels, ...area } = layer.shape;
    return { name: layer.name, shape: [batch ?? 'batch', channels, area.height, area.width] };
  };
  return encodeOnnx({
    name: 'teacher',
    nodes: [...before, ...nodes],
    initializers: [
      ...initializers,
      ...(normalises ? [constant('mean', normalises.mean), constant('std', normalises.std)] : []),
    ],
    inputs: [{ name: 'image', shape: [batch ?? 'batch', 3, height, width] }],
    outputs: [{ name: logits, shape: [batch ?? 'batch', network.classes] }, map('block2'), map('pooled')],
    metadata: {},
  });
}

it.skipIf(lacking === undefined)('without ONNX Runtime is refused before anything runs', async () => {
  expect(await onnx.obstacle?.({})).toMatchObject({ code: 'no-onnx-runtime', fix: 'npm install onnxruntime-node' });
});

describe.skipIf(lacking)(`a teacher of an ONNX model, by ONNX Runtime ${lacking ?? ''}`, () => {
  const workshop = new Workshop();
  let data: string;
  let weights: string;
  let model: TrainedModel;
  /** Names of its outputs. */
  let named: { readonly logits: string; readonly taps: JsonObject };

  beforeAll(async () => {
    data = await workshop.digits({ train: 96, val: 30, test: 10 });
    const { folder } = await workshop.make(trainTeacher, { ...recipe, model: 'convnet8' }, { data });
    weights = join(folder, 'weights.safetensors');
    model = readModel(weights);
    const nameOf = (tap: string): string => model.network.layers[model.network.taps[tap] ?? -1]?.name ?? '';
    named = { logits: nameOf('logits'), taps: { block2: nameOf('block2'), pooled: nameOf('pooled') } };
  });
  afterAll(async () => {
    workshop.remove();
    await disposeEngines();
  });

  /** What the kind keeps of a model. */
  async function kept(bytes: Uint8Array, params: JsonObject = {}): Promise<string> {
    const file = join(workshop.folder(), 'teacher.onnx');
    writeFileSync(file, bytes);
    const { folder } = await workshop.make(onnx, { from: file, ...named, ...params });
    return join(folder, 'network');
  }
  const taught = (teacher: string | readonly string[], params: JsonObject): Promise<Made> =>
    workshop.make(distillStudent, { ...recipe, ...params }, { data, teacher });
  const lossesOf = ({ folder }: Made): readonly number[] =>
    readFileSync(join(folder, 'curves.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((row) => row.split(',').map(Number));
  const expectClose = (one: Made, other: Made): void => {
    const [ours, theirs] = [lossesOf(one), lossesOf(other)];
    expect(ours).toHaveLength(theirs.length);
    for (const [at, value] of ours.entries())
      if (Number.isFinite(theirs[at])) expect(value).toBeCloseTo(theirs[at] ?? NaN, 3);
  };

  it.each([
    ['logits', { kd_method: 'SoftTarget', kd_ratio: 0.8 }],
    ['maps', { kd_method: 'AT', kd_ratio: 100, blocks: [2] }],
    ['pooled features', { kd_method: 'RKD', kd_weight: 1 }],
    ['logits, of two views', { kd_method: 'SoftTarget', kd_ratio: 0.8, second_view: 'fixmatch' }],
  ])('teaches by its %s what the network itself teaches', async (_, params) => {
    expectClose(await taught(await kept(onnxOf(model)), params), await taught(weights, params));
  });

  it('takes images one by one where the model does, and normalised as it wants them', async () => {
    const params = { kd_method: 'SoftTarget', kd_ratio: 0.8 };
    const beside = await taught(weights, params);
    expectClose(await taught(await kept(onnxOf(model, { batch: 1 })), params), beside);
    const statistics = model.input.statistics ?? { mean: [0, 0, 0], std: [1, 1, 1] };
    const raw = await kept(onnxOf(model, { normalises: statistics }), {
      mean_std: [
        [0, 0, 0],
        [1, 1, 1],
      ],
    });
    expectClose(await taught(raw, params), beside);
    // The mean of it and the network is the network.
    expectClose(await taught([raw, weights], { ...params, teachers_mean: 'logits' }), beside);
  });

  it('sees each batch once, however many terms and students read it', async () => {
    const run = vi.spyOn(OnnxNetwork.prototype, 'run');
    const teacher = await kept(onnxOf(model));
    const terms = {
      kd: [
        { method: 'SoftTarget', ratio: 0.5 },
        { method: 'RKD', weight: 1 },
      ],
    };
    const alone = await taught(teacher, terms);
    expect(run).toHaveBeenCalledTimes(3);
    run.mockClear();
    const student = (params: JsonObject, circumstances: Circumstances): Promise<Made> =>
      workshop.make(distillStudent, { ...recipe, ...params }, { data, teacher }, circumstances);
    const students = made(await together(student, [terms, terms]));
    expect(run).toHaveBeenCalledTimes(3);
    for (const one of students) expect(lossesOf(one)).toEqual(lossesOf(alone));
  });

  it('is compared with its student as the network itself is', async () => {
    const { folder } = await taught(weights, { kd_method: 'SoftTarget', kd_ratio: 0.8 });
    const scores = async (teacher: string): Promise<JsonObject> => {
      const inputs = { data, of: join(folder, 'weights.safetensors'), teacher };
      const { metrics } = await workshop.make(evaluate, { splits: ['val'], tta: ['none', 'ten-crop'] }, inputs);
      return metrics['val'] as JsonObject;
    };
    const [ours, theirs] = [await scores(await kept(onnxOf(model))), await scores(weights)];
    expect(ours['agreement']).toBe(theirs['agreement']);
    expect(ours['teacher_kl']).toBeCloseTo(theirs['teacher_kl'] as number, 4);
    const tta = [ours, theirs].map((one) => (one['tta'] as JsonObject)['teacher_kl'] as number);
    expect(tta[0]).toBeCloseTo(tta[1] ?? NaN, 4);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'an output that it lacks',
      () => kept(onnxOf(model), { logits: 'logit' }),
      'unknown-output',
      /has no output logit, named for logits/,
    ],
    ['a tap that it lacks', () => kept(onnxOf(model), { taps: { block1: 'b' } }), 'unknown-output', /named for block1/],
    ['a file that is none', () => kept(Uint8Array.from([1, 2, 3])), 'unreadable-onnx', /cannot load/],
  ])('refuses %s', async (_, make, code, message) => {
    await expect(make()).rejects.toMatchObject({ failures: [{ code, message: expect.stringMatching(message) }] });
  });

  it('refuses a model of other images, of other classes, and what is said of its images', async () => {
    const params = { kd_method: 'SoftTarget', kd_ratio: 0.8 };
    const shown = (more: object, teacher: string) =>
      OnnxNetwork.open(
        teacher,
        { side: model.network.input.height, classes: 10, statistics: { mean: [0, 0, 0], std: [1, 1, 1] }, ...more },
        { role: 'the teacher', threads: 1 },
      );
    const teacher = await kept(onnxOf(model));
    await expect(shown({ side: 20 }, teacher)).rejects.toThrow(/the teacher does not take images \[N, 3, 20, 20\]: /);
    await expect(shown({ classes: 9 }, teacher)).rejects.toThrow(/named for logits, is \[2, 10\] of 2 images/);
    const pooled = await kept(onnxOf(model), { logits: named.taps['pooled'] ?? '' });
    await expect(taught(pooled, params)).rejects.toThrow(/named for logits/);
    await expect(taught(await kept(onnxOf(model), { image_size: 64 }), params)).rejects.toThrow(/wants image_size: 64/);
  });
});
