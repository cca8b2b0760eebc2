import { describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import { adoptModel, type Adopted, type Wanted } from '../../../src/ml/inference/adopted-model.ts';
import { encodeModel, networkFor } from '../../../src/ml/inference/trained-model.ts';
import type { ModelName } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { openCheckpoint, readCheckpoint } from '../../../src/ml/weights/read-checkpoint.ts';
import { encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import { tensorsOf } from '../../../src/ml/weights/state-dict.ts';
import type { StoredTensor } from '../../../src/ml/weights/tensor-file.ts';

const fixtures = new URL('../../fixtures/torch/checkpoints/', import.meta.url).pathname;

const adopted = (name: string, wanted: Partial<Wanted> = {}): Adopted =>
  adoptModel(readCheckpoint(fixtures + name, name), { model: 'convnet4', input: {}, ...wanted }, name);

function failureOf(adopt: () => Adopted): Failure | undefined {
  try {
    adopt();
    return undefined;
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
}

/** Element i of the k-th tensor is k + i/1024 in the weights that were trained, one half more in their average. */
function valuesOf({ model }: Adopted): 'trained' | 'average' | 'neither' {
  const off = [...model.state.values()].flatMap((values, k) => [...values].map((value, i) => value - k - i / 1024));
  const found = ([0, 0.5] as const).find((one) => off.every((value) => value === one));
  return found === undefined ? 'neither' : found === 0 ? 'trained' : 'average';
}

describe('a checkpoint of PyTorch', () => {
  it.each([
    ['timm.pth', 'average', 'takes state_dict_ema, an average of weights; beside it: state_dict'],
    ['torchvision.pth', 'average', 'takes model_ema (names after module.), an average of weights; beside it: model'],
    ['averaged-legacy.pth', 'average', 'takes the names after module., an average of weights'],
    ['compiled.pth', 'trained', 'takes the names after module.'],
    [
      'lightning.ckpt',
      'trained',
      'takes state_dict (names after student.); beside it: state_dict (names after teacher.)',
    ],
    ['negated.pth', 'trained', 'takes the state dict'],
    ['extras.pth', 'trained', 'takes the state dict'],
    ['extras-legacy.pth', 'trained', 'takes the state dict'],
    ['attributes.pth', 'trained', 'takes the state dict'],
  ])('gives its values, whatever is around them: %s', (name, values, taken) => {
    const made = adopted(name);
    expect(valuesOf(made)).toBe(values);
    expect(made.taken).toBe(taken);
    expect(made.model).toMatchObject({ batches: 7, classes: ['0', '1'] });
  });

  it.each([
    ['timm.pth', 'takes state_dict; beside it: state_dict_ema'],
    ['torchvision.pth', 'takes model; beside it: model_ema (names after module.)'],
  ])('gives the trained weights where they are asked for: %s', (name, taken) => {
    const made = adopted(name, { state: 'model' });
    expect(valuesOf(made)).toBe('trained');
    expect(made).toMatchObject({ taken, notes: [] });
  });

  it('says that there was a choice to whoever made none', () => {
    expect(adopted('timm.pth').notes).toEqual([
      'timm.pth: takes state_dict_ema, an average of weights; beside it: state_dict; state: model takes the other',
    ]);
    expect(adopted('timm.pth', { state: 'ema' }).notes).toEqual([]);
    expect(adopted('compiled.pth').notes).toEqual([]);
  });

  it('without what is asked for is refused: it says what it holds', () => {
    expect(failureOf(() => adopted('compiled.pth', { state: 'ema' }))).toMatchObject({
      code: 'no-such-state',
      message: 'compiled.pth holds no average of weights; what there is: the names after module.',
    });
    expect(failureOf(() => adopted('averaged-legacy.pth', { state: 'model' }))?.code).toBe('no-such-state');
  });

  it.each([
    ['quantised.pth', 'quantised.pth: tensor fc.weight is quantised'],
    ['float8.pth', 'float8.pth: tensor fc.weight is of torch.float8_e4m3fn'],
  ])('of weights in another type is refused: %s', (name, message) => {
    expect(failureOf(() => adopted(name))).toMatchObject({ code: 'unsupported-dtype', message });
  });
});

/** The tensors of a model as a file of .safetensors has them, their names changed. */
function tensors(model: ModelName, rename: (name: string) => string = (name) => name, seed = 1) {
  const network = networkFor(model, { imageSize: 32, classes: ['a', 'b'] });
  return [...tensorsOf(network.parameters, initialState(network, seed), 3)].map(
    ([name, tensor]): [string, StoredTensor] => [rename(name), tensor],
  );
}

const fromSafetensors = (all: readonly [string, StoredTensor][], model: ModelName, wanted: Partial<Wanted> = {}) =>
  adoptModel(
    openCheckpoint(encodeSafetensors({ tensors: new Map(all), metadata: {} }), 'f'),
    { model, input: {}, ...wanted },
    'f',
  );

describe('names of a .safetensors file', () => {
  it.each(['module.', '_orig_mod.', 'model.', 'backbone.', 'module.student.', 'encoder.module.net.'])(
    'may all begin with %s',
    (prefix) => {
      const made = fromSafetensors(
        tensors('resnet8', (name) => prefix + name),
        'resnet8',
      );
      expect(made.model.state).toEqual(fromSafetensors(tensors('resnet8'), 'resnet8').model.state);
      expect(made.model.batches).toBe(3);
    },
  );

  it('may hold what torch.compile and sharding put around parts', () => {
    const renamed = tensors('resnet8', (name) =>
      name.replace(/^(layer\d)\./, '$1._fsdp_wrapped_module._orig_mod.').replace(/^fc\./, 'fc._orig_mod.'),
    );
    expect(fromSafetensors(renamed, 'resnet8').model.classes).toEqual(['0', '1']);
  });

  it('may stand beside an average of each', () => {
    const both = [...tensors('resnet8'), ...tensors('resnet8', (name) => `ema.${name}`, 2)];
    const take = (state?: Wanted['state']) => fromSafetensors(both, 'resnet8', { state }).model.state.get('fc.weight');
    const [trained, average] = [1, 2].map((seed) =>
      fromSafetensors(tensors('resnet8', undefined, seed), 'resnet8').model.state.get('fc.weight'),
    );
    expect(take()).toEqual(average);
    expect(take('ema')).toEqual(average);
    expect(take('model')).toEqual(trained);
  });

  it('that could be several networks are refused', () => {
    const both = [...tensors('resnet8', (name) => `first.${name}`), ...tensors('resnet8', (name) => `second.${name}`)];
    expect(failureOf(() => fromSafetensors(both, 'resnet8'))).toMatchObject({
      code: 'several-state-dicts',
      message: 'f holds several networks like this: the names after first. or the names after second.',
    });
  });

  it('that do not fit are shown with what all of them begin with', () => {
    const failure = failureOf(() => fromSafetensors(tensors('resnet8', (name) => `trunk.${name}`).slice(1), 'resnet8'));
    expect(failure?.message).toMatch(/^f, whose names begin with trunk\., lacks \S+$/);
  });
});

describe('counters of batches', () => {
  it('that were made floats with everything else are no weights', () => {
    const floats = tensors('resnet8').map(([name, tensor]): [string, StoredTensor] => [
      name,
      { dtype: 'F32', shape: tensor.shape, values: Float32Array.from(tensor.values, Number) },
    ]);
    expect(fromSafetensors(floats, 'resnet8').model.batches).toBe(0);
  });
});

describe('a checkpoint of many mappings', () => {
  it('is looked through from the outside in, and not without end', () => {
    const one = openCheckpoint(encodeSafetensors({ tensors: new Map(tensors('resnet8')), metadata: {} }), 'f').content;
    const named = new Map(Array.from({ length: 300 }, (_, at) => [`a${at}.fc.bias`, one.get('fc.bias')]));
    const inner = new Map(Array.from({ length: 200 }, (_, at) => [`inner${at}`, new Map(named)]));
    const content = new Map<string, unknown>([
      ['many', inner],
      ['model', one],
    ]);
    const { taken } = adoptModel({ size: 1e6, content, metadata: {} }, { model: 'resnet8', input: {} }, 'f');
    expect(taken).toBe('takes model');
    const lost = new Map<string, unknown>([['many', inner]]);
    const failure = failureOf(() =>
      adoptModel({ size: 1e6, content: lost, metadata: {} }, { model: 'resnet8', input: {} }, 'f'),
    );
    expect(failure?.code).toBe('wrong-weights');
  });
});

describe('a checkpoint without tensors', () => {
  it('is refused with what it holds', () => {
    const content = new Map<string, unknown>([
      ['epoch', 3],
      ['lr', 0.1],
    ]);
    const adopt = () => adoptModel({ size: 100, content, metadata: {} }, { model: 'resnet8', input: {} }, 'f');
    expect(failureOf(adopt)).toMatchObject({
      code: 'wrong-weights',
      message: 'f holds no state dict: a mapping of epoch, lr',
    });
  });
});

describe('weights of another network', () => {
  it.each<[ModelName, ModelName]>([
    ['resnet14', 'resnet8'],
    ['resnet8', 'resnet14'],
    ['resnet20', 'resnet8'],
    ['convnet8', 'convnet4'],
    ['wrn_16_2', 'resnet20'],
  ])('are called by the one that has exactly these tensors: %s for %s', (given, asked) => {
    const failure = failureOf(() => fromSafetensors(tensors(given), asked));
    expect(failure).toMatchObject({ code: 'wrong-weights', fix: `write model: ${given}, or take weights of ${asked}` });
    expect(failure?.message).toMatch(new RegExp(`: these are weights of ${given}$`));
  });

  it('are not called by a smaller one that they hold', () => {
    const more: [string, StoredTensor] = ['head.weight', { dtype: 'F32', shape: [1], values: Float32Array.of(1) }];
    const failure = failureOf(() => fromSafetensors([...tensors('resnet8'), more], 'resnet8'));
    expect(failure?.message).toBe('f has unknown tensors: head.weight');
  });

  it('in one shard of several are told by its name', () => {
    const bytes = encodeSafetensors({ tensors: new Map(tensors('resnet8').slice(9)), metadata: {} });
    const name = 'model-00001-of-00002.safetensors';
    const failure = failureOf(() => adoptModel(openCheckpoint(bytes, name), { model: 'resnet8', input: {} }, name));
    expect(failure?.fix).toContain('one shard of several');
  });
});

describe('a file of our own', () => {
  const network = networkFor('convnet4', { imageSize: 32, classes: ['cat', 'dog'] });
  const statistics = { mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] } as const;
  const model = { network, state: initialState(network, 1), classes: ['cat', 'dog'], batches: 5 };
  const again = (own: Wanted['input'], said: Wanted['input']) => () =>
    adoptModel(openCheckpoint(encodeModel({ ...model, input: own }), 'f'), { model: 'convnet4', input: said }, 'f');

  it('keeps what it says of its images, and takes what it does not say', () => {
    expect(again({ statistics }, {})().model).toMatchObject({ classes: ['cat', 'dog'], input: { statistics } });
    expect(again({ statistics }, { statistics, crop: 0.875 })().model.input).toEqual({ statistics, crop: 0.875 });
    expect(again({}, { imageSize: 64 })().model.input).toEqual({ imageSize: 64 });
  });

  it('has one set of weights to give', () => {
    const checkpoint = openCheckpoint(encodeModel({ ...model, input: {} }), 'f');
    const adopt = () => adoptModel(checkpoint, { model: 'convnet4', state: 'ema', input: {} }, 'f');
    expect(failureOf(adopt)?.code).toBe('no-such-state');
  });

  it('refuses to be told something else', () => {
    const other = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
    expect(failureOf(again({ statistics }, { statistics: other }))?.code).toBe('other-input');
  });
});
