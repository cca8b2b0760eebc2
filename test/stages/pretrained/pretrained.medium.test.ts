import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { unwrap } from '../../../src/core/result.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import type { Model } from '../../../src/ml/models/model.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { networkFor, readModel } from '../../../src/ml/inference/trained-model.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import { tensorsOf } from '../../../src/ml/weights/state-dict.ts';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { pretrained } from '../../../src/stages/pretrained/kind.ts';
import { kinds } from '../../../src/stages/registry.ts';
import { Project } from '../../support/project.ts';
import { Workshop } from '../../support/stage-workshop.ts';

const planned = (text: string) =>
  planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });

/** A pipeline with one training stage a line. */
const pipeline = (...trainings: readonly string[]): string =>
  [
    'name: p',
    'stages:',
    '  images: { uses: dataset, with: { source: mnist-digits, image_size: 64 } }',
    ...trainings.map(
      (training, at) => `  t${at}: { uses: train-teacher, with: { data: "\${stages.images}", ${training} } }`,
    ),
  ].join('\n');

const idsOf = (text: string) => unwrap(planned(text)).plan.cells.map(({ id }) => id);
function failuresOf(text: string): readonly Failure[] {
  const plan = planned(text);
  return plan.ok ? [] : plan.failures;
}

const workshop = new Workshop();
afterAll(() => workshop.remove());

/** A state dict from elsewhere, which says nothing but its tensors. */
function stateDict(model: ModelName, classes: number): string {
  const { side } = models[model].nominal;
  const network = networkFor(model, { imageSize: side, classes: Array.from({ length: classes }, String) });
  const file = join(workshop.folder(), `${model}.safetensors`);
  const tensors = tensorsOf(network.parameters, initialState(network, 4), 11);
  writeFileSync(file, encodeSafetensors({ tensors, metadata: {} }));
  return file;
}

async function failure(params: Parameters<Workshop['make']>[1], inputs = {}): Promise<Failure | undefined> {
  const error: unknown = await workshop.make(pretrained, params, inputs).catch((thrown: unknown) => thrown);
  return error instanceof FailureError ? error.failures[0] : undefined;
}

describe('published weights', () => {
  it('are fetched by a cell of their own, once for all who start from them', () => {
    const text = pipeline(
      'model: resnet18, pretrained: true',
      'model: resnet18, pretrained: true, seed: 1',
      'model: ghostnet, pretrained: true',
    );
    expect(idsOf(text)).toEqual([
      'fetch[url=https://download.pytorch.org/models/resnet18-f37072fd.pth]',
      'pretrained[from=imagenet,model=resnet18]',
      'fetch[url=hf:timm/ghostnet_100.in1k/model.safetensors]',
      'pretrained[from=imagenet,model=ghostnet]',
      ...['images', 't0', 't1', 't2'],
    ]);
  });

  it.each([
    ['https://weights.example/a.pth', 'fetch[url=https://weights.example/a.pth]'],
    ['hf:timm/resnet18.a1_in1k', 'fetch[url=hf:timm/resnet18.a1_in1k/model.safetensors]'],
    ['hf:me/mine@v2/best.pth', 'fetch[url=hf:me/mine@v2/best.pth]'],
  ])('are of any address: %s', (address, fetched) => {
    expect(idsOf(pipeline(`model: resnet18, weights: "${address}"`))[0]).toBe(fetched);
  });

  it('of a model that nobody published are refused where they were asked for', () => {
    const [first, ...others] = failuresOf(pipeline('model: resnet8, pretrained: true'));
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      code: 'no-published-weights',
      message: 'nobody published weights of resnet8 (in pretrained[from=imagenet,model=resnet8])',
      place: { line: 4 },
    });
    for (const [name, model] of Object.entries<Model>(models))
      if (model.pretrained) expect(first?.expected).toContain(name);
  });

  it('are no second start beside weights', () => {
    expect(failuresOf(pipeline('model: resnet18, pretrained: true, weights: a.pth'))).toMatchObject([
      { code: 'conflicting-params', message: 'both pretrained and weights are given' },
    ]);
  });

  it('must have the digest that torchvision’s name says', async () => {
    const file = stateDict('resnet18', 3);
    expect(await failure({ model: 'resnet18', from: 'imagenet' }, { file })).toMatchObject({
      code: 'wrong-checksum',
      expected: 'f37072fd…, as its name says',
    });
  });
});

describe('weights from elsewhere', () => {
  it('become a model with as many classes as their classifier, numbered, whose images are the dataset’s', async () => {
    const made = await workshop.make(pretrained, { model: 'resnet18', from: stateDict('resnet18', 7) });
    expect(made.metrics).toEqual({ classes: 7, parameters: 11_180_103 });
    const { network, classes, input, batches, state } = readModel(join(made.folder, 'weights.safetensors'));
    expect({ model: network.model, classes, input, batches }).toEqual({
      model: 'resnet18',
      classes: ['0', '1', '2', '3', '4', '5', '6'],
      input: {},
      batches: 11,
    });
    for (const [name, values] of initialState(network, 4)) {
      const taken = state.get(name) ?? new Float32Array();
      expect(Buffer.compare(Buffer.from(taken.buffer), Buffer.from(values.buffer)), name).toBe(0);
    }
  });

  it('of another architecture are refused: what is missing, and which they fit', async () => {
    const found = await failure({ model: 'resnet34', from: stateDict('resnet18', 7) });
    expect(found?.code).toBe('wrong-weights');
    expect(found?.message).toMatch(/lacks layer1\.2\..* and \d+ more.*: these are weights of resnet18$/);
    expect(found?.fix).toContain('write model: resnet18');
  });

  it('of a training stage say themselves what they are', async () => {
    const network = networkFor('convnet4', { imageSize: 28, classes: ['0', '1', '2'] });
    const folder = await workshop.make(pretrained, { model: 'convnet4', from: stateDict('convnet4', 3) });
    const file = join(folder.folder, 'weights.safetensors');
    const again = await workshop.make(pretrained, { model: 'convnet4', from: file });
    expect(readFileSync(join(again.folder, 'weights.safetensors'))).toEqual(readFileSync(file));
    expect(await failure({ model: 'convnet8', from: file })).toMatchObject({
      code: 'other-model',
      fix: 'write model: convnet4',
    });
    expect(network.classes).toBe(3);
  });
});

describe('sharded weights', () => {
  it('are read by their index, and are those of their whole folder', async () => {
    const { tensors, metadata } = decodeSafetensors(readFileSync(stateDict('convnet4', 3)), 'whole');
    const folder = workshop.folder();
    const map = Object.fromEntries([...tensors.keys()].map((name, at) => [name, `model-${at % 2}.safetensors`]));
    for (const shard of ['model-0.safetensors', 'model-1.safetensors']) {
      const own = new Map([...tensors].filter(([name]) => map[name] === shard));
      writeFileSync(join(folder, shard), encodeSafetensors({ tensors: own, metadata }));
    }
    const index = join(folder, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ metadata: {}, weight_map: map }));
    const made = await workshop.make(pretrained, { model: 'convnet4', from: index });
    const whole = await workshop.make(pretrained, { model: 'convnet4', from: stateDict('convnet4', 3) });
    const weights = (of: typeof made) => readFileSync(join(of.folder, 'weights.safetensors'));
    expect(weights(made)).toEqual(weights(whole));
    expect(pretrained.sources?.({ model: 'convnet4', from: index })).toEqual([{ name: 'from', path: folder }]);
  });
});

describe('a checkpoint with an average', () => {
  const file = new URL('../../fixtures/torch/checkpoints/timm.pth', import.meta.url).pathname;
  const make = (params: JsonObject = {}) => workshop.make(pretrained, { model: 'convnet4', from: file, ...params });

  it('gives it, and says so in the log, the record and a warning', async () => {
    const made = await make();
    const said = 'takes state_dict_ema, an average of weights; beside it: state_dict';
    expect(readFileSync(join(made.folder, 'task.log'), 'utf8')).toBe(`${said}\n`);
    expect(made.environment).toEqual({ weights: said });
    expect(made.messages).toEqual([{ type: 'warning', message: `${file}: ${said}; state: model takes the other` }]);
  });

  it('gives what is asked for, without more words', async () => {
    const bias = (of: Awaited<ReturnType<typeof make>>) => [
      ...(readModel(join(of.folder, 'weights.safetensors')).state.get('fc.bias') ?? []),
    ];
    const [average, trained] = [await make({ state: 'ema' }), await make({ state: 'model' })];
    expect(bias(average)).toEqual([16.5, 16.5 + 1 / 1024]);
    expect(bias(trained)).toEqual([16, 16 + 1 / 1024]);
    expect([...average.messages, ...trained.messages]).toEqual([]);
  });
});

describe('a study that starts from a file', () => {
  it('reruns exactly when the file’s content changes, and draws a classifier for its own classes', () => {
    const project = new Project({
      'p.yaml': `name: p
stages:
  images: { uses: dataset, with: { source: mnist-digits, limit: { train: 40, val: 20, test: 20 } } }
  t: { uses: train-teacher, with: { data: "\${stages.images}", model: convnet4, weights: start.safetensors, epochs: 1 } }
`,
    });
    project.write('start.safetensors', readFileSync(stateDict('convnet4', 3)));
    expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0 });
    expect(project.run('logs', 't').stdout).toContain('classifier drawn anew: they tell 3 classes, the dataset has 10');
    project.write('moved.safetensors', readFileSync(project.path('start.safetensors')));
    const moved = project.run('run', 'p.yaml', '-S', 't.with.weights=moved.safetensors');
    expect(moved.stderr + moved.stdout).toContain('nothing to do');
    project.write('start.safetensors', readFileSync(stateDict('convnet4', 4)));
    expect(project.run('run', '-n', 'p.yaml').stdout).toContain('2 cells to run, 1 reused');
    expect(project.run('why', '-f', 'p.yaml', 't').stdout).toContain('weights');
    project.remove();
  });
});
