import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import type { Model } from '../../../src/ml/models/model.ts';
import { costOf } from '../../../src/ml/network/cost.ts';

const names = Object.keys(models) as ModelName[];
const image = (side: number) => ({ height: side, width: side, channels: 3 });

/**
 * Parameters with 10 and 100 classes and MACs at 32×32, counted by hand from the papers' tables. With 100 classes
 * RepDistiller's resnet8, 14, 20, 32, 44, 56 have 0.08, 0.18, 0.28, 0.47, 0.67, 0.86 million parameters.
 */
const COSTS: Record<ModelName, { ten: number; hundred: number; macs: number }> = {
  convnet4: costOfConvnet(4),
  convnet8: costOfConvnet(8),
  convnet16: costOfConvnet(16),
  convnet32: costOfConvnet(32),
  resnet8: costOfResnet(1),
  resnet14: costOfResnet(2),
  resnet20: costOfResnet(3),
  resnet32: costOfResnet(5),
  resnet44: costOfResnet(7),
  resnet56: costOfResnet(9),
};

function costOfConvnet(w: number) {
  const body = 27 * w + 9 * w * 2 * w + 9 * 2 * w * 4 * w + 2 * (w + 2 * w + 4 * w);
  const head = (classes: number): number => (4 * w + 1) * classes;
  const macs = 1024 * 27 * w + 256 * 18 * w * w + 64 * 72 * w * w + 4 * w * 10;
  return { ten: body + head(10), hundred: body + head(100), macs };
}

function costOfResnet(n: number) {
  const square = (c: number): number => 9 * c * c;
  const convolutions =
    27 * 16 +
    2 * n * square(16) +
    (square(32) / 2 + (2 * n - 1) * square(32)) +
    (square(64) / 2 + (2 * n - 1) * square(64));
  const projections = 16 * 32 + 32 * 64;
  const norms = 2 * (16 + 2 * n * (16 + 32 + 64) + 32 + 64);
  const body = convolutions + projections + norms;
  const stage = (pixels: number, c: number, halved: number): number => pixels * square(c) * (2 * n - halved);
  const macs =
    1024 * 27 * 16 + stage(1024, 16, 0) + stage(256, 32, 0.5) + stage(64, 64, 0.5) + 256 * 512 + 64 * 2048 + 640;
  return { ten: body + 650, hundred: body + 6500, macs };
}

describe('published sizes', () => {
  it.each([
    ['resnet8', 0.08],
    ['resnet14', 0.18],
    ['resnet20', 0.28],
    ['resnet32', 0.47],
    ['resnet44', 0.67],
    ['resnet56', 0.86],
  ] as const)('%s has %d million parameters with 100 classes', (name, millions) => {
    expect(costOf(models[name].build(image(32), 100)).parameters / 1e6).toBeCloseTo(millions, 2);
  });
});

describe.each(names)('%s', (name) => {
  const model: Model = models[name];
  const network = model.build(image(32), 10);

  it('costs what its table says', () => {
    const { ten, hundred, macs } = COSTS[name];
    expect(costOf(network)).toMatchObject({ parameters: ten, macs });
    expect(costOf(model.build(image(32), 100)).parameters).toBe(hundred);
  });

  it('has as many trained values as its cost counts', () => {
    const sizes = network.parameters
      .filter((spec) => spec.trained)
      .map((spec) => spec.shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(costOf(network).parameters);
  });

  it('has its blocks at strides 1, 2 and 4, then pooled and logits', () => {
    const shapeOf = (tap: string) => network.layers[network.taps[tap] ?? -1]?.shape;
    expect(Object.keys(network.taps)).toEqual([...model.blocks.map((block) => `block${block}`), 'pooled', 'logits']);
    expect(model.blocks.map((block) => shapeOf(`block${block}`)?.height)).toEqual([32, 16, 8]);
    expect(shapeOf('pooled')).toEqual({ ...shapeOf('block3'), height: 1, width: 1 });
    expect(shapeOf('logits')).toEqual({ height: 1, width: 1, channels: 10 });
    expect(network.taps['logits']).toBe(network.layers.length - 1);
  });

  it('gives its blocks out behind the activation', () => {
    for (const block of model.blocks)
      expect(network.layers[network.taps[`block${block}`] ?? -1]).toMatchObject({
        kind: 'activation',
        function: 'relu',
      });
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
    for (const side of [model.minimumSize, 13, 28, 65]) expect(model.build(image(side), 2).classes).toBe(2);
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
