import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../../src/ml/engines/create-engine.ts';
import { watchLastMap } from '../../../../src/ml/inference/activation/last-map.ts';
import { models } from '../../../../src/ml/models/registry.ts';
import { NetworkBuilder } from '../../../../src/ml/network/builder.ts';
import { classifierOf } from '../../../../src/ml/network/classifier.ts';
import { largestDifference, modelOf } from '../../export/support/exported.ts';
import { look } from './look.ts';

const engine = await createEngine('wasm', { threads: 1 });
afterAll(() => engine.dispose());

const meanOf = (map: Float64Array): number => map.reduce((sum, value) => sum + value, 0) / map.length;

describe('the class activation map', () => {
  it.each(['convnet8', 'resnet8', 'mobile_half'] as const)(
    'of %s has the logit without its bias for its mean, for every class',
    (name) => {
      const model = modelOf(name);
      const { method, maps, logits } = look(engine, model);
      const bias = model.state.get(`${classifierOf(model.network).name}.bias`)!;
      expect(method).toBe('CAM');
      const unbiased = logits.map((logit, label) => logit - bias[label]!);
      expect(largestDifference(maps.map(meanOf), unbiased)).toBeLessThan(2e-6);
    },
  );

  // Without biases what lies behind the pool is homogeneous: logit = Σ_k ∂logit/∂pooled_k · pooled_k (Euler).
  it('of ghostnet, whose head has two layers, is Grad-CAM: its slopes are those of the logit', () => {
    const model = modelOf('ghostnet');
    const unbiased = [...model.state].map(([name, values]): [string, Float32Array] => [
      name,
      /^(conv_head|classifier)\.bias$/.test(name) ? new Float32Array(values.length) : values,
    ]);
    const { method, maps, logits } = look(engine, { ...model, state: new Map(unbiased) });
    expect(method).toBe('Grad-CAM');
    expect(largestDifference(maps.map(meanOf), logits)).toBeLessThan(2e-6);
  });

  it('is there of every network', () => {
    const methods = Object.entries(models).map(([name, model]) => {
      const { side, classes } = model.nominal;
      return [name, watchLastMap(model.build({ height: side, width: side, channels: 3 }, classes)).method];
    });
    expect(methods.filter(([, method]) => method !== 'CAM')).toEqual([['ghostnet', 'Grad-CAM']]);
  });

  it('is refused of a network that names a class without a pool', () => {
    const net = new NetworkBuilder('bare', { height: 1, width: 1, channels: 3 });
    const network = net.head(net.conv('conv', net.image, { channels: 4, kernel: 1 }), { name: 'fc', classes: 2 });
    expect(() => watchLastMap(network)).toThrow(/bare does not average a last feature map/);
  });
});
