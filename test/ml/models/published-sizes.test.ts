import { describe, expect, it } from 'vitest';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { costOf } from '../../../src/ml/network/cost.ts';
import type { Layer, Network } from '../../../src/ml/network/network.ts';

const build = (name: ModelName, side: number, classes: number) =>
  models[name].build({ height: side, width: side, channels: 3 }, classes);
const ofKind = <Kind extends Layer['kind']>(network: Network, kind: Kind) =>
  network.layers.filter((layer): layer is Extract<Layer, { kind: Kind }> => layer.kind === kind);

describe('sizes with ImageNet’s 1000 classes', () => {
  // torchvision's documentation of weights: `num_params`, `GFLOPS` (multiply-accumulates) and the size they hold for.
  it.each([
    ['resnet18', 11_689_512, 224, 1.81],
    ['resnet34', 21_797_672, 224, 3.66],
    ['resnet50', 25_557_032, 224, 4.09],
    ['mobilenetv2', 3_504_872, 224, 0.3],
    ['efficientnet_v2_s', 21_458_488, 384, 8.37],
    ['shufflenet_v2_x0_5', 1_366_792, 224, 0.04],
    ['shufflenet_v2_x1_0', 2_278_604, 224, 0.14],
  ] as const)('are torchvision’s: %s has %i parameters, and at %i pixels %d GMACs', (name, parameters, side, giga) => {
    const cost = costOf(build(name, side, 1000));
    expect(cost.parameters).toBe(parameters);
    expect(cost.macs / 1e9).toBeCloseTo(giga, 2);
  });

  it.each([
    // He et al., CVPR 2016, table 1: FLOPs are multiply-adds.
    ['resnet18', 1.8],
    ['resnet34', 3.6],
    ['resnet50', 3.8],
    // Sandler et al., CVPR 2018, table 4: 300 M.
    ['mobilenetv2', 0.3],
    // Han et al., CVPR 2020, table 7: 141 M.
    ['ghostnet', 0.141],
    // Ma et al., ECCV 2018, table 8: 41 M and 146 M.
    ['shufflenet_v2_x0_5', 0.041],
    ['shufflenet_v2_x1_0', 0.146],
  ] as const)('cost about what the paper says: %s %d GMACs', (name, giga) => {
    // The papers' networks differ in details: strides in 1×1 convolutions (v1), rounding of channels.
    expect(costOf(build(name, 224, 1000)).macs / 1e9 / giga).toBeGreaterThan(0.97);
    expect(costOf(build(name, 224, 1000)).macs / 1e9 / giga).toBeLessThan(1.08);
  });

  it('have the 5.2 million of GhostNet’s paper, table 7', () => {
    expect(costOf(build('ghostnet', 224, 1000)).parameters / 1e6).toBeCloseTo(5.2, 1);
  });
});

describe('the depth in a name', () => {
  /** Convolutions that a path through the blocks meets, and the classifier: shortcuts are not counted. */
  const weighted = (network: Network, shortcut: RegExp) =>
    [...ofKind(network, 'conv'), ...ofKind(network, 'linear')].filter(({ name }) => !shortcut.test(name)).length;

  it.each([8, 14, 20, 32, 44, 56, 110, 18, 34, 50] as const)('of resnet%i counts its weighted layers', (depth) => {
    expect(weighted(build(`resnet${depth}`, 32, 10), /downsample/)).toBe(depth);
  });

  it.each(['resnet8x4', 'resnet32x4', 'resnet38x4'] as const)('of %s does so too', (name) => {
    expect(`resnet${weighted(build(name, 32, 10), /downsample/)}x4`).toBe(name);
  });

  it.each(['wrn_16_2', 'wrn_40_2'] as const)('of %s counts its convolutions, three shortcuts among them', (name) => {
    const convolutions = ofKind(build(name, 32, 10), 'conv');
    expect(convolutions.filter((conv) => /Shortcut/.test(conv.name))).toHaveLength(3);
    expect(`wrn_${convolutions.length}_2`).toBe(name);
  });

  it('of wrn_40_1 has one shortcut less: its first stage has the stem’s channels', () => {
    const convolutions = ofKind(build('wrn_40_1', 32, 10), 'conv');
    expect(convolutions.map(({ name }) => name).filter((name) => /Shortcut/.test(name))).toHaveLength(2);
    expect(convolutions).toHaveLength(39);
  });

  it('of a VGG counts its convolutions and the three linear layers that RepDistiller made one of', () => {
    const depths = (['vgg8_bn', 'vgg11_bn', 'vgg13_bn'] as const).map(
      (name) => ofKind(build(name, 32, 10), 'conv').length + 3,
    );
    expect(depths).toEqual([8, 11, 13]);
  });
});

describe('the width in a name', () => {
  const channels = (name: ModelName, side = 32) => {
    const network = build(name, side, 10);
    return models[name].blocks.map((block) => network.layers[network.taps[`block${block}`]!]!.shape.channels);
  };

  it.each([4, 8, 16, 32] as const)('of convnet%i is that of its first block', (width) => {
    expect(channels(`convnet${width}`)).toEqual([width, 2 * width, 4 * width]);
  });

  it.each([
    ['resnet8x4', 'resnet8', 4],
    ['resnet32x4', 'resnet32', 4],
    ['wrn_16_2', 'resnet14', 2],
    ['wrn_40_2', 'resnet20', 2],
  ] as const)('of %s is a multiple of %s’s: %i', (wide, narrow, by) => {
    expect(channels(wide)).toEqual(channels(narrow).map((count) => by * count));
  });

  it('of a family’s members is the same, whatever their depth', () => {
    for (const name of ['resnet8', 'resnet56', 'resnet110'] as const) expect(channels(name)).toEqual([16, 32, 64]);
    for (const name of ['vgg8_bn', 'vgg11_bn', 'vgg13_bn'] as const)
      expect(channels(name)).toEqual([128, 256, 512, 512]);
    for (const name of ['resnet18', 'resnet34'] as const) expect(channels(name)).toEqual([64, 128, 256, 512]);
    for (const name of ['resnet50', 'resnet50_cifar'] as const) expect(channels(name)).toEqual([256, 512, 1024, 2048]);
  });
});

describe('strides of the blocks', () => {
  const side = 256;
  const strides = (name: ModelName) => {
    const network = build(name, side, 10);
    return models[name].blocks.map((block) => side / network.layers[network.taps[`block${block}`]!]!.shape.height);
  };

  it.each([
    'mobilenetv2',
    'resnet18',
    'resnet34',
    'resnet50',
    'ghostnet',
    'efficientnet_v2_s',
    'shufflenet_v2_x0_5',
    'shufflenet_v2_x1_0',
  ] as const)('are 4, 8, 16, 32 in networks for large images: %s', (name) => {
    expect(strides(name)).toEqual([4, 8, 16, 32]);
  });

  it.each<[ModelName, readonly number[]]>([
    ['convnet8', [1, 2, 4]],
    ['resnet20', [1, 2, 4]],
    ['resnet8x4', [1, 2, 4]],
    ['resnet50_cifar', [1, 2, 4, 8]],
    ['shuffle_v1', [2, 4, 8]],
    ['wrn_16_2', [1, 2, 4]],
    ['shuffle_v2', [2, 4, 8]],
    ['mobile_half', [2, 4, 8, 16]],
    ['vgg8_bn', [2, 4, 8, 16]],
    ['vgg13_bn', [2, 4, 8, 16]],
  ])('are those of its own table in networks for small images: %s', (name, expected) => {
    expect(strides(name)).toEqual(expected);
  });

  it('of a VGG grow by a fourth pool from 64 pixels on, as RepDistiller’s does', () => {
    const last = (pixels: number) => {
      const network = build('vgg8_bn', pixels, 10);
      return network.layers[network.taps['block4']!]!.shape.height;
    };
    expect([32, 63, 64, 128].map(last)).toEqual([4, 7, 4, 8]);
  });
});

describe('activations', () => {
  it.each<[ModelName, readonly string[]]>([
    ['convnet4', ['relu']],
    ['resnet20', ['relu']],
    ['resnet50', ['relu']],
    ['wrn_16_2', ['relu']],
    ['vgg13_bn', ['relu']],
    ['mobile_half', ['relu']],
    ['shuffle_v1', ['relu']],
    ['shuffle_v2', ['relu']],
    ['shufflenet_v2_x1_0', ['relu']],
    ['mobilenetv2', ['relu6']],
    ['ghostnet', ['hard-sigmoid', 'relu']],
    ['efficientnet_v2_s', ['sigmoid', 'silu']],
  ])('of %s are %j and no other', (name, functions) => {
    const used = ofKind(build(name, 64, 10), 'activation').map((layer) => layer.function);
    expect([...new Set(used)].sort()).toEqual(functions);
  });
});
