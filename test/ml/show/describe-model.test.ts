import { describe, expect, it } from 'vitest';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { describeModel } from '../../../src/ml/show/describe-model.ts';
import { structures } from '../../support/model-fixtures.ts';

const operations = (name: ModelName) =>
  new Map(describeModel(name).layers.map(({ name: layer, operation }) => [layer, operation]));

describe('describeModel', () => {
  it.each([...structures])(
    'adds %s’s layers up to PyTorch’s parameters and MACs',
    (name, { side, classes, ...expected }) => {
      const description = describeModel(name, { side, classes });
      const sum = (key: 'parameters' | 'macs') => description.layers.reduce((total, layer) => total + layer[key], 0);
      expect([sum('parameters'), sum('macs')]).toEqual([expected.parameters, expected.macs]);
      expect(description).toMatchObject({ model: name, classes, parameters: expected.parameters, macs: expected.macs });
    },
  );

  it('builds a model for what it is known by, unless told', () => {
    expect(describeModel('mobilenetv2')).toMatchObject({
      input: { height: 224 },
      classes: 1000,
      parameters: 3_504_872,
    });
    expect(describeModel('mobilenetv2', { side: 64 })).toMatchObject({ input: { width: 64 }, classes: 1000 });
    expect(describeModel('resnet8', { classes: 7 })).toMatchObject({ input: { height: 32 }, classes: 7 });
  });

  it('says what each layer does', () => {
    const ghostnet = operations('ghostnet');
    expect(ghostnet.get('conv_stem')).toBe('conv 3×3, stride 2');
    expect(ghostnet.get('blocks.3.0.conv_dw')).toBe('conv 5×5, stride 2, groups 72');
    expect(ghostnet.get('blocks.3.0.se.conv_reduce')).toBe('conv 1×1, bias');
    expect(ghostnet.get('blocks.3.0.se.conv_expand.hard-sigmoid')).toBe('hard-sigmoid');
    expect(ghostnet.get('dropout')).toBe('dropout 0.2');
    expect(operations('resnet18').get('maxpool')).toBe('max pool 3×3, stride 2, padding 1');
    expect(operations('shufflenet_v2_x1_0').get('stage2.1.rest')).toBe('channels 58–115');
    expect(operations('shufflenet_v2_x1_0').get('stage2.1.shuffle')).toBe('concat, interleaved');
    expect(operations('vgg8_bn').get('pool0')).toBe('max pool 2×2, stride 2');
    expect(operations('efficientnet_v2_s').get('features.2.1.stochastic_depth')).toBe('stochastic-depth 0.015');
  });

  it.each(Object.keys(models) as ModelName[])('names the taps of %s at their layers, in order', (name) => {
    const description = describeModel(name);
    const blocks = models[name].blocks.map((block) => `block${block}`);
    const taps = description.layers.flatMap((layer) => layer.taps).filter((tap) => !/^(stem|preact\d)$/.test(tap));
    expect(taps).toEqual([...blocks, 'pooled', 'logits']);
  });

  it('is JSON', () => {
    const description = describeModel('efficientnet_v2_s');
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  });
});
