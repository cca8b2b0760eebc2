import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { initialState } from '../../../src/ml/network/initial.ts';
import {
  decodeModel,
  encodeModel,
  networkFor,
  readModel,
  requireSameClasses,
  startFrom,
  type TrainedModel,
} from '../../../src/ml/inference/trained-model.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import { paintedSet } from '../../support/painted-set.ts';

const { manifest } = paintedSet({ train: 3 });
const network = networkFor('convnet4', manifest);
const model: TrainedModel = {
  network,
  state: initialState(network, 3),
  classes: manifest.classes,
  input: { statistics: { mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] } },
  batches: 17,
};
const folder = mkdtempSync(join(tmpdir(), 'kdpipe-model-'));
const written = (bytes: Uint8Array): string => {
  const file = join(folder, 'weights.safetensors');
  writeFileSync(file, bytes);
  return file;
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a model file', () => {
  it('says itself what it is, and comes back whole', () => {
    const read = readModel(written(encodeModel(model)));
    expect(read.network).toEqual(network);
    expect([...read.state]).toEqual([...model.state]);
    expect(read).toMatchObject({ classes: ['top', 'middle', 'bottom'], input: model.input, batches: 17 });
  });

  it('with a weight that is no number is refused by name and place', () => {
    const state = new Map(model.state).set('fc.weight', model.state.get('fc.weight')!.with(17, NaN));
    expect(() => readModel(written(encodeModel({ ...model, state })))).toThrow('fc.weight[1, 1] is NaN');
  });

  it('has the same bytes for the same model', () => {
    expect(encodeModel(model)).toEqual(encodeModel({ ...model, state: initialState(network, 3) }));
  });

  it('is refused where it does not describe itself, or names a model that there is not', () => {
    const metadata = { model: 'convnet4' };
    expect(() => readModel(written(encodeSafetensors({ tensors: new Map(), metadata })))).toThrow(
      'does not say its classes',
    );
    const described = { model: 'vgg', classes: '["a"]', imageSize: '8', mean: '[0,0,0]', std: '[1,1,1]' };
    expect(() => readModel(written(encodeSafetensors({ tensors: new Map(), metadata: described })))).toThrow(
      'no model is called vgg',
    );
    // A name that every object has is no model either.
    expect(() => networkFor('constructor', manifest)).toThrow('no model is called constructor');
  });

  it('of a model that is none of ours holds its layers, which are built only where they make a network', () => {
    const named = (own: string) => ({ ...model, network: { ...network, model: own } });
    expect(readModel(written(encodeModel(named('mine')))).network).toEqual({ ...network, model: 'mine' });
    expect(() => readModel(written(encodeModel(named('no "name"'))))).toThrow('is no name of a network');
    expect(() => readModel(written(encodeModel({ ...named('mine'), classes: ['one'] })))).toThrow('it has 3 logits');
    const { tensors, metadata } = decodeSafetensors(encodeModel(named('mine')), 'f');
    const changed = (from: string, to: string) => ({
      tensors,
      metadata: { ...metadata, network: metadata['network']!.replace(from, to) },
    });
    expect(() => decodeModel(changed('"channels":4', '"channels":5'), 'f')).toThrow('block1.conv.weight');
    expect(() => decodeModel(changed('"kind":"conv"', '"kind":"eval"'), 'f')).toThrow('f does not say its network');
  });
});

describe('classes', () => {
  const other = (classes: readonly string[]) => () =>
    requireSameClasses(model, { ...manifest, classes }, 'the teacher');

  it('must be the same in the same order', () => {
    expect(other(['top', 'middle', 'bottom'])).not.toThrow();
    expect(other(['top', 'bottom', 'middle'])).toThrow('the teacher calls class 1 middle, the dataset calls it bottom');
    expect(other(['top', 'middle'])).toThrow('the teacher has 3 classes, the dataset has 2');
  });
});

describe('weights to start from', () => {
  it('must be of the same model', () => {
    const other = networkFor('convnet8', manifest);
    expect(() => startFrom(model, other, manifest.classes, 0)).toThrow('weights are of convnet4');
  });

  it('are taken whole where the classes are the same, or have numbers for names', () => {
    expect(startFrom(model, network, manifest.classes, 0)).toEqual({ state: model.state, isClassifierDrawn: false });
    const numbered = { ...model, classes: ['0', '1', '2'] };
    expect(startFrom(numbered, network, manifest.classes, 0).isClassifierDrawn).toBe(false);
  });

  it.each([
    ['more classes', ['a', 'b', 'c', 'd']],
    ['as many others', ['a', 'b', 'c']],
  ])('leave the classifier to the seed where the dataset has %s', (_, classes) => {
    const wanted = networkFor('convnet4', { imageSize: 8, classes });
    const { state, isClassifierDrawn } = startFrom(model, wanted, classes, 9);
    expect(isClassifierDrawn).toBe(true);
    const drawn = initialState(wanted, 9);
    for (const [name, values] of state)
      expect(values, name).toEqual((name.startsWith('fc.') ? drawn : model.state).get(name));
    expect([...state.keys()].filter((name) => name.startsWith('fc.'))).toEqual(['fc.weight', 'fc.bias']);
  });
});
