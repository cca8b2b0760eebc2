import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import { costOf, layerCost } from '../../../src/ml/network/cost.ts';
import { assortedNetwork } from '../../support/assorted-network.ts';

const builder = (side: number, channels = 3) => new NetworkBuilder('net', { height: side, width: side, channels });

/** Multiplies and values of one convolution or linear layer, counted one by one. */
const costs = (network: ReturnType<NetworkBuilder['ending']>) => network.layers.slice(1).map(layerCost);

describe('layerCost', () => {
  it.each([
    // The stem of MobileNetV2, its first depthwise and projecting convolutions: Sandler et al., table 2.
    [224, 3, { channels: 32, kernel: 3, stride: 2 }, { parameters: 864, macs: 10_838_016 }],
    [112, 32, { channels: 32, kernel: 3, groups: 32 }, { parameters: 288, macs: 3_612_672 }],
    [112, 32, { channels: 16, kernel: 1 }, { parameters: 512, macs: 6_422_528 }],
    // Two groups halve both; a bias is no multiplication.
    [4, 6, { channels: 10, kernel: 3, groups: 2, bias: true }, { parameters: 280, macs: 4320 }],
    [5, 2, { channels: 1, kernel: 5, padding: 0 }, { parameters: 50, macs: 50 }],
  ])('of a convolution at %d pixels, %d channels, %j', (side, channels, options, expected) => {
    const net = builder(side, channels);
    expect(costs(net.ending(net.conv('conv', net.image, options)))).toEqual([{ name: 'conv', ...expected }]);
  });

  it('counts two values a channel of a batch norm, whose statistics are not trained', () => {
    const net = builder(5, 7);
    expect(costs(net.ending(net.batchNorm('bn', net.image)))).toEqual([{ name: 'bn', parameters: 14, macs: 0 }]);
  });

  it('counts weights and biases of a linear layer', () => {
    const net = builder(1, 12);
    expect(costs(net.ending(net.linear('fc', net.image, 5)))).toEqual([{ name: 'fc', parameters: 65, macs: 60 }]);
  });

  it('counts nothing else, as the literature does', () => {
    const net = builder(4);
    const gate = net.activation('sigmoid', net.globalAveragePool('mean', net.image), 'sigmoid');
    const gated = net.multiply('gated', net.image, gate);
    const joined = net.concat('joined', [net.add('sum', gated, net.image), net.dropout('drop', net.image, 0.5)]);
    const pooled = net.pool('pool', net.stochasticDepth('depth', joined, 0.5), 'average', { kernel: 2 });
    expect(costs(net.ending(pooled)).map(({ parameters, macs }) => parameters + macs)).toEqual(Array(8).fill(0));
  });
});

describe('costOf', () => {
  it('lists what costs something, and adds it up', () => {
    const cost = costOf(assortedNetwork());
    expect(cost.layers.every((layer) => layer.parameters > 0)).toBe(true);
    expect(cost.layers.map((layer) => layer.name)).not.toContain('pool1');
    expect(cost.parameters).toBe(cost.layers.reduce((sum, layer) => sum + layer.parameters, 0));
    expect(cost.macs).toBe(cost.layers.reduce((sum, layer) => sum + layer.macs, 0));
  });

  it('counts as many parameters as the state dict trains, for any chain of layers', () => {
    const layer = fc.record({
      kernel: fc.constantFrom(1, 3, 5),
      stride: fc.constantFrom(1, 2),
      groups: fc.constantFrom(1, 2, 4),
      multiple: fc.integer({ min: 1, max: 5 }),
      bias: fc.boolean(),
      norm: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 6 }), fc.integer({ min: 1, max: 20 }), (layers, classes) => {
        const net = builder(16, 4);
        let x = net.image;
        layers.forEach(({ multiple, norm, ...window }, i) => {
          x = net.conv(`conv${i}`, x, { ...window, channels: 4 * multiple });
          if (norm) x = net.batchNorm(`bn${i}`, x);
        });
        const network = net.classifier(x, { name: 'fc', classes });
        const trained = network.parameters.filter((spec) => spec.trained);
        const values = trained.reduce((sum, spec) => sum + spec.shape.reduce((a, b) => a * b, 1), 0);
        expect(costOf(network).parameters).toBe(values);
      }),
    );
  });
});
