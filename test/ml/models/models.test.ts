import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import type { Model } from '../../../src/ml/models/model.ts';
import { costOf } from '../../../src/ml/network/cost.ts';
import { structures } from '../../support/model-fixtures.ts';

const names = Object.keys(models) as ModelName[];
const image = (side: number) => ({ height: side, width: side, channels: 3 });

/** Parameters with 10 classes and MACs at 32×32 of the networks that no paper has, counted by hand from their table. */
function costOfConvnet(w: number) {
  const parameters = 27 * w + 9 * w * 2 * w + 9 * 2 * w * 4 * w + 2 * (w + 2 * w + 4 * w) + (4 * w + 1) * 10;
  return { parameters, macs: 1024 * 27 * w + 256 * 18 * w * w + 64 * 72 * w * w + 4 * w * 10 };
}

describe('published sizes', () => {
  // Tian, Krishnan, Isola, ICLR 2020 (RepDistiller), CIFAR-100.
  it.each([
    ['resnet8', 0.08],
    ['resnet14', 0.18],
    ['resnet20', 0.28],
    ['resnet32', 0.47],
    ['resnet44', 0.67],
    ['resnet56', 0.86],
    ['resnet110', 1.74],
    ['resnet8x4', 1.23],
    ['resnet32x4', 7.43],
    ['resnet38x4', 8.98],
    ['resnet50_cifar', 23.71],
    ['wrn_16_2', 0.7],
    ['wrn_40_1', 0.57],
    ['wrn_40_2', 2.26],
    ['vgg8_bn', 3.97],
    ['vgg11_bn', 9.28],
    ['vgg13_bn', 9.46],
    ['mobile_half', 0.81],
    ['shuffle_v1', 0.95],
    ['shuffle_v2', 1.36],
  ] as const)('%s has %d million parameters with 100 classes', (name, millions) => {
    expect(costOf(models[name].build(image(32), 100)).parameters / 1e6).toBeCloseTo(millions, 2);
  });

  it.each([4, 8, 16, 32] as const)('convnet%d costs what its table says', (width) => {
    expect(costOf(models[`convnet${width}`].build(image(32), 10))).toMatchObject(costOfConvnet(width));
  });

  it('leaves no model unchecked', () => {
    const checked = new Set([...structures.keys(), 'convnet4', 'convnet8', 'convnet16', 'convnet32']);
    expect(names.filter((name) => !checked.has(name))).toEqual([]);
  });
});

describe.each(names)('%s', (name) => {
  const model: Model = models[name];
  const network = model.build(image(Math.max(32, model.minimumSize)), 10);

  it('has as many trained values as its cost counts', () => {
    const sizes = network.parameters
      .filter((spec) => spec.trained)
      .map((spec) => spec.shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(costOf(network).parameters);
  });

  it('has its blocks, deeper and no larger one after the other, then pooled and logits', () => {
    const shapeOf = (tap: string) => network.layers[network.taps[tap] ?? -1]!.shape;
    const blocks = model.blocks.map((block) => `block${block}`);
    const others = (tap: string): boolean => tap === 'stem' || /^preact\d$/.test(tap);
    expect(Object.keys(network.taps).filter((tap) => !others(tap))).toEqual([...blocks, 'pooled', 'logits']);
    const depths = Object.values(network.taps);
    expect(depths).toEqual(depths.toSorted((a, b) => a - b));
    const sides = blocks.map((block) => shapeOf(block).height);
    expect(sides).toEqual(sides.toSorted((a, b) => b - a));
    expect(shapeOf('logits')).toEqual({ height: 1, width: 1, channels: 10 });
    expect(network.taps['logits']).toBe(network.layers.length - 1);
  });

  it('classifies its pooled features, whatever stands between them at training time', () => {
    const pooled = network.taps['pooled']!;
    const [features = 0] = network.layers.at(-1)!.inputs;
    const dropout = network.layers[features]!;
    expect(dropout.kind === 'dropout' ? dropout.inputs : [features]).toEqual([pooled]);
    expect(network.layers[pooled]!.shape).toMatchObject({ height: 1, width: 1 });
  });

  it('names every layer that owns parameters once', () => {
    const unique = new Set(network.parameters.map((spec) => spec.name));
    expect(unique.size).toBe(network.parameters.length);
  });

  it('lists layers after their inputs', () => {
    network.layers.forEach((layer, index) => {
      for (const input of layer.inputs) expect(input).toBeLessThan(index);
    });
  });

  it('takes any size from its minimum up, and says so below', () => {
    for (const side of [0, 5, 20, 57]) expect(model.build(image(model.minimumSize + side), 2).classes).toBe(2);
    try {
      model.build({ height: 40, width: model.minimumSize - 1, channels: 3 }, 2);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(FailureError);
      expect((error as FailureError).failures[0]).toEqual({
        code: 'image-too-small',
        message: `${name} cannot take 40×${model.minimumSize - 1} images`,
        expected: `at least ${model.minimumSize}×${model.minimumSize} pixels`,
        fix: `image_size: ${model.minimumSize}`,
      });
    }
  });

  it('says where it comes from and whether it draws dropout', () => {
    expect(model.summary).not.toBe('');
    expect(model.source).toMatch(/\d{4}/);
    expect(model.dropout).toBe(network.layers.some((layer) => /dropout|stochastic/.test(layer.kind)));
  });
});
