import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { encodeModel, networkFor, readModel, type TrainedModel } from '../../../src/ml/inference/trained-model.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';

const names = Object.keys(models) as ModelName[];
const folder = mkdtempSync(join(tmpdir(), 'kdpipe-weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'weights.safetensors');

const classes = ['a', 'b', 'c'];
function modelCalled(name: ModelName): TrainedModel {
  const imageSize = Math.max(32, models[name].minimumSize);
  const network = networkFor(name, { imageSize, classes });
  const input = { statistics: { mean: [0.1, 0.2, 0.3], std: [1, 2, 3] } } as const;
  return { network, state: initialState(network, 1), classes, input, batches: 12 };
}
const values = (state: StateDict) => [...state.values()].reduce((sum, { length }) => sum + length, 0);

function read(bytes: Uint8Array): TrainedModel | string {
  writeFileSync(file, bytes);
  try {
    return readModel(file);
  } catch (error) {
    if (error instanceof FailureError) return error.message.replaceAll(file, 'file');
    throw error;
  }
}

describe.each(names)('weights of %s', (name) => {
  const model = modelCalled(name);
  const bytes = encodeModel(model);

  it('come back from a file bit for bit, under the same names in the same order', () => {
    const found = read(bytes) as TrainedModel;
    expect([...found.state.keys()]).toEqual([...model.state.keys()]);
    for (const [entry, floats] of model.state) {
      const back = found.state.get(entry)!;
      expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(floats.buffer)), entry).toBe(0);
    }
    expect(found.network.parameters).toEqual(model.network.parameters);
  });

  it('take four bytes a value and eight a batch norm’s counter, which PyTorch’s strict loading asks for', () => {
    const norms = model.network.layers.filter(({ kind }) => kind === 'batch-norm');
    const header = 8 + Number(Buffer.from(bytes).readBigUInt64LE());
    expect(bytes.length - header).toBe(4 * values(model.state) + 8 * norms.length);
    const { tensors } = decodeSafetensors(bytes, name);
    for (const norm of norms)
      expect(tensors.get(`${norm.name}.num_batches_tracked`)).toMatchObject({ dtype: 'I64', shape: [] });
  });
});

describe('a file that says it holds another model', () => {
  const { tensors, metadata } = decodeSafetensors(encodeModel(modelCalled('resnet8')), 'resnet8');
  const said = (change: Readonly<Record<string, string>>) => {
    const found = read(encodeSafetensors({ tensors, metadata: { ...metadata, ...change } }));
    return typeof found === 'string' ? found : 'was read';
  };

  it('is read where it says the truth', () => {
    expect(said({})).toBe('was read');
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a deeper one', { model: 'resnet14' }, /^file lacks layer1\.1\.conv1\.weight, .* and \d+ more$/],
    [
      'a wider one',
      { model: 'resnet8x4' },
      /^file lacks layer1\.0\.downsample.*has other shapes: conv1\.weight \[16,3,3,3\] for \[32,3,3,3\], /,
    ],
    [
      'a plain one',
      { model: 'convnet4' },
      /^file lacks block1\.conv\.weight.*has unknown tensors: bn1\.bias, .* and \d+ more$/,
    ],
    [
      'one for more classes',
      { classes: '["a","b","c","d"]' },
      /^file has other shapes: fc\.weight \[3,64\] for \[4,64\]/,
    ],
    ['one that there is not', { model: 'resnet9' }, /^no model is called resnet9$/],
    ['one for no image at all', { imageSize: '4' }, /^resnet8 cannot take 4×4 images$/],
  ])('%s', (_, change, message) => {
    expect(said(change)).toMatch(message);
  });

  it.each(
    ['classes', 'imageSize', 'mean', 'std'].flatMap((key) =>
      ['', 'null', '{}', '{"length":3}'].map((text) => [key, text] as const),
    ),
  )('does not say its %s where they are %j', (key, text) => {
    expect(said({ [key]: text })).toBe(`file does not say its ${key}`);
  });

  it.each([
    ['classes', '[1,2,3]'],
    ['classes', '"abc"'],
    ['imageSize', '"32"'],
    ['imageSize', '32.5'],
    ['mean', '[0.5,0.5]'],
    ['mean', '[0.5,0.5,"0.5"]'],
    ['std', '[1,1,0]'],
    ['std', '[1,1,1,1]'],
  ])('does not say its %s where they are %s', (key, text) => {
    expect(said({ [key]: text })).toBe(`file does not say its ${key}`);
  });
});
