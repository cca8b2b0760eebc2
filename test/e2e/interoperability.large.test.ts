import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import type { ModelName } from '../../src/ml/models/registry.ts';
import { adoptModel } from '../../src/ml/inference/adopted-model.ts';
import { networkFor, readModel, type TrainedModel } from '../../src/ml/inference/trained-model.ts';
import { readCheckpoint } from '../../src/ml/weights/read-checkpoint.ts';
import { channelsLast } from '../support/hashed.ts';
import { Project } from '../support/project.ts';
import { missing, python } from '../support/pytorch.ts';

const script = resolve('test/fixtures/interoperate.py');
const skipped = missing('torch', 'torchvision', 'timm', 'safetensors');
const SIDE = 64;
const shape = { batch: 4, height: SIDE, width: SIDE, channels: 3 };
const images = channelsLast(
  Float32Array.from({ length: 4 * 3 * SIDE * SIDE }, (_, index) => Math.sin(index * 0.37) * 2),
  shape,
);

/** What a model says of the images here. */
async function logitsOf({ network, state, classes }: TrainedModel): Promise<number[]> {
  const engine = await createEngine('wasm', { threads: 2 });
  const session = engine.session(networkFor(network.model, { imageSize: SIDE, classes }), {
    optimizer: null,
    threads: 2,
  });
  session.write(state);
  const step = session.forwardStep({ batch: 4, taps: [] });
  step.input.set(images);
  step.run();
  const logits = [...step.logits];
  session.dispose();
  return logits;
}

/** The largest difference of two lists, by the largest magnitude of the second. */
function difference(ours: readonly number[], theirs: readonly number[]): number {
  expect(ours).toHaveLength(theirs.length);
  const largest = Math.max(...theirs.map(Math.abs));
  return Math.max(...ours.map((value, index) => Math.abs(value - (theirs[index] ?? NaN)))) / largest;
}

const spoken = (folder: string, name: string): number[] =>
  (JSON.parse(readFileSync(join(folder, `${name}.logits.json`), 'utf8')) as number[][]).flat();

const study = `
name: circle
stages:
  digits: { uses: dataset, with: { source: mnist-digits, image_size: ${SIDE}, limit: { train: 40, val: 20, test: 20 } } }
  teacher: { uses: train-teacher, with: { data: "\${stages.digits}", model: resnet18, weights: resnet18.pth, epochs: 1, batch_size: 20 } }
  student:
    uses: distill-student
    with: { data: "\${stages.digits}", teacher: "\${stages.teacher}", model: mobilenetv2, weights: mobilenetv2.safetensors, kd_method: SoftTarget, kd_ratio: 0.5, epochs: 1, batch_size: 20 }
`;

describe.skipIf(skipped !== undefined)(`weights of torchvision and timm${skipped ? ` (${skipped})` : ''}`, () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'study.yaml': study });
    execFileSync(python, [script, 'save', project.folder, '5']);
  });
  afterAll(() => project.remove());

  it.each(['resnet18', 'resnet50', 'mobilenetv2', 'efficientnet_v2_s', 'shufflenet_v2_x0_5', 'ghostnet'] as const)(
    'say here what they say there: %s, from torch.save and from safetensors',
    async (model: ModelName) => {
      for (const form of ['pth', 'safetensors']) {
        const file = project.path(`${model}.${form}`);
        const { model: adopted } = adoptModel(readCheckpoint(file, file), { model, input: {} }, file);
        expect(adopted.classes).toHaveLength(5);
        expect(difference(await logitsOf(adopted), spoken(project.folder, model))).toBeLessThan(1e-4);
      }
    },
  );

  it('train here, and what was trained loads strictly there and says the same', async () => {
    expect(project.run('run', 'study.yaml')).toMatchObject({ code: 0 });
    const trained = new Project();
    const models = new Map<string, TrainedModel>();
    for (const [stage, model] of [
      ['teacher', 'resnet18'],
      ['student', 'mobilenetv2'],
    ] as const) {
      const shown = JSON.parse(project.run('show', stage, '--json').stdout) as Record<string, { readonly key: string }>;
      const key = shown[stage]?.key ?? '';
      const weights = project.path(join('runs/.store', key.slice(0, 2), key, 'weights.safetensors'));
      writeFileSync(trained.path(`${model}.safetensors`), readFileSync(weights));
      models.set(model, readModel(weights));
    }
    execFileSync(python, [script, 'load', trained.folder, '10']);
    for (const [name, model] of models)
      expect(difference(await logitsOf(model), spoken(trained.folder, name)), name).toBeLessThan(1e-4);
    trained.remove();
  });
});
