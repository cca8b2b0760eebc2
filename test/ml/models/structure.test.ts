import { describe, expect, it } from 'vitest';
import { models } from '../../../src/ml/models/registry.ts';
import { costOf } from '../../../src/ml/network/cost.ts';
import type { Layer, Network } from '../../../src/ml/network/network.ts';
import { REFERENCE_MODELS, referenceFile, structures } from '../../support/model-fixtures.ts';

const image = (side: number) => ({ height: side, width: side, channels: 3 });
const ofKind = <Kind extends Layer['kind']>(network: Network, kind: Kind) =>
  network.layers.filter((layer): layer is Extract<Layer, { kind: Kind }> => layer.kind === kind);
const blockShapes = (network: Network) =>
  Object.entries(network.taps)
    .filter(([tap]) => tap.startsWith('block'))
    .map(([, layer]) => {
      const { channels, height, width } = network.layers[layer]!.shape;
      return [channels, height, width];
    });

/** Convolutions and linear layers as rows of the fixture. */
function products(network: Network) {
  const macs = new Map(costOf(network).layers.map((layer) => [layer.name, layer.macs]));
  return network.layers.flatMap((layer) => {
    if (layer.kind === 'conv') {
      const { name, kind, inChannels, outChannels, kernel, stride, padding, groups, bias } = layer;
      expect(layer.dilation).toBe(1);
      return [[name, kind, inChannels, outChannels, kernel, stride, padding, groups, bias, macs.get(name)]];
    }
    if (layer.kind !== 'linear') return [];
    return [[layer.name, 'linear', layer.inFeatures, layer.outFeatures, 1, 1, 0, 1, layer.bias, macs.get(layer.name)]];
  });
}

describe.each([...structures])('%s beside PyTorch', (name, expected) => {
  const network = models[name].build(image(expected.side), expected.classes);

  it('has its state dict: names, shapes and roles in order', () => {
    expect(network.parameters.map(({ name: entry, shape, role }) => ({ name: entry, shape, role }))).toEqual(
      expected.entries,
    );
  });

  it('has its convolutions and linear layers, window by window, and their MACs', () => {
    expect(products(network)).toEqual(expected.layers);
  });

  it('has its parameters and MACs', () => {
    expect(costOf(network)).toMatchObject({ parameters: expected.parameters, macs: expected.macs });
  });

  it('has its blocks', () => {
    expect(blockShapes(network)).toEqual(expected.blocks);
  });
});

describe.each(REFERENCE_MODELS)('%s beside the reference set', (name) => {
  const file = referenceFile(name);
  const network = models[name].build(image(224), 200);

  it('has its cost with 1000 classes and at 64×64', () => {
    const stock = { parameters: file.parameters_1000_classes, macs: file.macs_224_1000_classes };
    expect(costOf(models[name].build(image(224), 1000))).toMatchObject(stock);
    expect(costOf(models[name].build(image(64), 200)).macs).toBe(file.macs_64);
  });

  it('has its blocks at 64×64', () => {
    expect(blockShapes(models[name].build(image(64), 200))).toEqual(file.blocks_64.map(([, shape]) => shape));
  });

  it('gives its blocks out behind the named module', () => {
    const made = Object.values(network.taps).slice(0, 4);
    const modules = made.map((layer) => network.layers[layer]!.name);
    file.blocks_224.forEach(([module], i) => {
      expect(modules[i]?.startsWith(`${module}.`), `${module} is tapped at ${modules[i]}`).toBe(true);
    });
  });

  it('normalises with its ε and momentum', () => {
    const norms = ofKind(network, 'batch-norm');
    expect([...new Set(norms.map((norm) => norm.eps))]).toEqual(file.bn_eps);
    expect([...new Set(norms.map((norm) => norm.momentum))]).toEqual(file.bn_momentum);
  });

  it('drops features before the classifier with its rate', () => {
    expect(ofKind(network, 'dropout').map((layer) => layer.rate)).toEqual(file.dropout.map(([, rate]) => rate));
    const last = network.layers.at(-1)!;
    if (file.dropout.length) expect(network.layers[last.inputs[0]!]!.kind).toBe('dropout');
  });

  it('drops branches with its rates, where a block has a shortcut', () => {
    const drops = ofKind(network, 'stochastic-depth');
    const shortcuts = new Set(ofKind(network, 'add').map((layer) => layer.name.replace(/\.add$/, '')));
    const expected = file.stochastic_depth.filter(
      ([module, rate]) => rate > 0 && shortcuts.has(module.replace(/\.stochastic_depth$/, '')),
    );
    expect(drops.map((layer) => layer.name)).toEqual(expected.map(([module]) => module));
    drops.forEach((layer, i) => {
      expect(layer.rate).toBeCloseTo(expected[i]![1], 12);
    });
    expect(drops).toHaveLength(name === 'efficientnet_v2_s' ? 34 : 0);
  });
});
