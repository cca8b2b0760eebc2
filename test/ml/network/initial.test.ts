import { describe, expect, it } from 'vitest';
import { models } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { assortedNetwork } from '../../support/assorted-network.ts';

const network = models.resnet20.build({ height: 32, width: 32, channels: 3 }, 100);
const state = initialState(network, 3);

function moments(values: Float32Array): { mean: number; variance: number; kurtosis: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const central = (power: number): number => values.reduce((sum, x) => sum + (x - mean) ** power, 0) / values.length;
  return { mean, variance: central(2), kurtosis: central(4) / central(2) ** 2 };
}

describe('initialState', () => {
  it.each(['layer3.1.conv2.weight', 'layer3.2.conv1.weight', 'layer3.0.conv2.weight'])(
    'draws %s normal with He’s fan-out variance',
    (name) => {
      const { mean, variance, kurtosis } = moments(state.get(name)!);
      const expected = 2 / (64 * 9);
      // 36,864 draws: five standard errors of mean, variance and kurtosis.
      expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(expected / 36864));
      expect(Math.abs(variance / expected - 1)).toBeLessThan(5 * Math.sqrt(2 / 36864));
      expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / 36864));
    },
  );

  it('counts the fan of a projection by its outputs', () => {
    const { variance } = moments(state.get('layer3.0.downsample.0.weight')!);
    expect(variance * 32).toBeCloseTo(1, 0);
    expect(Math.abs(variance / (2 / 64) - 1)).toBeLessThan(5 * Math.sqrt(2 / 2048));
  });

  it.each(['features.15.conv.1.0.weight', 'features.16.conv.1.0.weight'])(
    'counts the fan of the depthwise %s by all its outputs, as PyTorch does',
    (name) => {
      const mobile = models.mobilenetv2.build({ height: 32, width: 32, channels: 3 }, 10);
      const { variance } = moments(initialState(mobile, 0).get(name)!);
      expect(Math.abs(variance / (2 / (960 * 9)) - 1)).toBeLessThan(5 * Math.sqrt(2 / 8640));
    },
  );

  it('draws linear layers and biases uniform in ±1/√fan_in', () => {
    const weight = state.get('fc.weight')!;
    expect(Math.max(...weight)).toBeGreaterThan(0.124);
    expect(Math.max(...weight)).toBeLessThanOrEqual(0.125);
    expect(moments(weight).variance).toBeCloseTo(0.125 ** 2 / 3, 4);
    expect(Math.max(...state.get('fc.bias')!.map(Math.abs))).toBeLessThanOrEqual(0.125);
    const bias = initialState(assortedNetwork(), 0).get('bare.bias')!;
    expect(Math.max(...bias.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(99));
  });

  it('starts batch norms as the identity', () => {
    const bn = ['weight', 'bias', 'running_mean', 'running_var'].map((leaf) => state.get(`bn1.${leaf}`));
    expect(bn.map((values) => [...new Set(values)])).toEqual([[1], [0], [0], [1]]);
  });

  it.each(['ghostnet', 'mobile_half', 'wrn_16_2'] as const)(
    'gives every entry of %s its values, all finite',
    (name) => {
      const other = models[name].build({ height: 32, width: 32, channels: 3 }, 10);
      const values = initialState(other, 1);
      for (const { name: entry, shape } of other.parameters) {
        expect(values.get(entry), entry).toHaveLength(shape.reduce((product, n) => product * n, 1));
        expect(values.get(entry)!.every(Number.isFinite), entry).toBe(true);
      }
    },
  );

  it('depends on the seed and the parameter’s name alone', () => {
    const deeper = models.resnet32.build({ height: 28, width: 28, channels: 3 }, 100);
    const other = initialState(deeper, 3);
    for (const name of ['conv1.weight', 'layer2.0.conv1.weight', 'fc.bias'])
      expect(other.get(name)).toEqual(state.get(name));
    expect(initialState(network, 4).get('conv1.weight')).not.toEqual(state.get('conv1.weight'));
    expect(state.get('layer1.0.conv1.weight')).not.toEqual(state.get('layer1.0.conv2.weight'));
    expect([...state.keys()]).toEqual(network.parameters.map((spec) => spec.name));
  });
});
