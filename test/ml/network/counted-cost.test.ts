import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import { costOf, layerCost } from '../../../src/ml/network/cost.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { ConvLayer, Network } from '../../../src/ml/network/network.ts';

/** Multiply-accumulates of a convolution, one by one: a tap on padding is a product like any other. */
function countProducts(layer: ConvLayer): number {
  const { height, width } = layer.shape;
  const inGroup = layer.inChannels / layer.groups;
  let products = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let out = 0; out < layer.outChannels; out++)
        for (let tap = 0; tap < layer.kernel * layer.kernel; tap++)
          for (let channel = 0; channel < inGroup; channel++) products += 1;
  return products;
}

const convolutions = fc.record({
  side: fc.integer({ min: 5, max: 9 }),
  channels: fc.integer({ min: 1, max: 3 }).map((multiple) => 2 * multiple),
  kernel: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 3 }),
  groups: fc.constantFrom(1, 2),
  bias: fc.boolean(),
});

function oneConvolution({ side, ...options }: typeof convolutions extends fc.Arbitrary<infer T> ? T : never) {
  const net = new NetworkBuilder('net', { height: side, width: side + 1, channels: 4 });
  const network = net.ending(net.conv('conv', net.image, options));
  return { network, layer: network.layers[1] as ConvLayer };
}

/** Values of a state dict that training moves. */
function trainedValues(network: Network): number {
  const state = initialState(network, 0);
  return network.parameters
    .filter(({ trained }) => trained)
    .reduce((sum, { name }) => sum + (state.get(name)?.length ?? NaN), 0);
}

describe('the cost of a convolution', () => {
  it('is as many products as nested loops make, whatever the window', () => {
    fc.assert(
      fc.property(convolutions, (options) => {
        const { layer } = oneConvolution(options);
        expect(layerCost(layer).macs).toBe(countProducts(layer));
      }),
      { seed: 31, numRuns: 150 },
    );
  });

  it('is as many parameters as its values are drawn', () => {
    fc.assert(
      fc.property(convolutions, (options) => {
        const { network, layer } = oneConvolution(options);
        expect(layerCost(layer).parameters).toBe(trainedValues(network));
      }),
      { seed: 32 },
    );
  });

  it('falls by the number of groups, but for its bias', () => {
    const costs = [1, 2, 4].map((groups) => {
      const net = new NetworkBuilder('net', { height: 6, width: 6, channels: 8 });
      return costOf(net.ending(net.conv('conv', net.image, { channels: 16, kernel: 3, groups, bias: true })));
    });
    expect(costs.map(({ macs }) => macs)).toEqual([36 * 16 * 8 * 9, 36 * 16 * 4 * 9, 36 * 16 * 2 * 9]);
    expect(costs.map(({ parameters }) => parameters)).toEqual([16 * 72 + 16, 16 * 36 + 16, 16 * 18 + 16]);
  });

  // Howard et al.: MobileNets, 2017, section 3.1: a depthwise separable convolution costs 1/N + 1/k² of a full one.
  it.each([
    [3, 64],
    [5, 32],
  ])('that is separable is 1/N + 1/k² of a full one: k %i, N %i', (kernel, channels) => {
    const image = { height: 14, width: 14, channels };
    const full = new NetworkBuilder('full', image);
    full.conv('conv', full.image, { channels, kernel });
    const parted = new NetworkBuilder('parted', image);
    parted.conv('1', parted.conv('k', parted.image, { channels, kernel, groups: channels }), { channels, kernel: 1 });
    const [whole, separable] = [costOf(full.ending(0)), costOf(parted.ending(0))];
    expect(separable.macs / whole.macs).toBeCloseTo(1 / channels + 1 / kernel ** 2, 12);
    expect(separable.parameters / whole.parameters).toBeCloseTo(1 / channels + 1 / kernel ** 2, 12);
  });
});

describe('the cost of a network', () => {
  /** LeCun et al.: Gradient-Based Learning Applied to Document Recognition, 1998, figure 2, fully connected C3. */
  function lenet(): Network {
    const net = new NetworkBuilder('lenet', { height: 32, width: 32, channels: 1 });
    let x = net.conv('c1', net.image, { channels: 6, kernel: 5, padding: 0, bias: true });
    x = net.pool('s2', x, 'average', { kernel: 2 });
    x = net.conv('c3', x, { channels: 16, kernel: 5, padding: 0, bias: true });
    x = net.pool('s4', x, 'average', { kernel: 2 });
    x = net.conv('c5', x, { channels: 120, kernel: 5, padding: 0, bias: true });
    return net.ending(net.linear('output', net.linear('f6', x, 84), 10));
  }

  it('is that of LeNet-5, layer by layer', () => {
    expect(costOf(lenet()).layers).toEqual([
      // 28·28 places of 5·5 windows; the paper's 156 trainable parameters.
      { name: 'c1', parameters: 156, macs: 784 * 6 * 25 },
      { name: 'c3', parameters: 6 * 16 * 25 + 16, macs: 100 * 16 * 6 * 25 },
      // The paper's 48,120.
      { name: 'c5', parameters: 48_120, macs: 120 * 16 * 25 },
      // The paper's 10,164.
      { name: 'f6', parameters: 10_164, macs: 84 * 120 },
      { name: 'output', parameters: 850, macs: 840 },
    ]);
    expect(costOf(lenet())).toMatchObject({ parameters: 61_706, macs: 416_520 });
  });

  it('does not depend on which engine, mode or batch it runs in: it reads the graph alone', () => {
    const network = lenet();
    expect(costOf(structuredClone(network))).toEqual(costOf(network));
  });

  it('counts a layer that is read three times once', () => {
    const net = new NetworkBuilder('net', { height: 4, width: 4, channels: 2 });
    const conv = net.conv('conv', net.image, { channels: 2, kernel: 1 });
    const network = net.ending(net.add('sum', conv, net.add('twice', conv, conv)));
    expect(costOf(network)).toEqual({
      layers: [{ name: 'conv', parameters: 4, macs: 64 }],
      parameters: 4,
      macs: 64,
    });
  });

  it('of nothing but the image is nothing', () => {
    const net = new NetworkBuilder('net', { height: 4, width: 4, channels: 2 });
    expect(costOf(net.ending(net.image))).toEqual({ layers: [], parameters: 0, macs: 0 });
  });

  it('grows fourfold in MACs and not at all in parameters where the side doubles, but for the classifier', () => {
    const at = (side: number) => {
      const net = new NetworkBuilder('net', { height: side, width: side, channels: 3 });
      const x = net.conv('b', net.conv('a', net.image, { channels: 8, kernel: 3, stride: 2 }), {
        channels: 8,
        kernel: 3,
        stride: 2,
      });
      return costOf(net.classifier(x, { name: 'fc', classes: 7 }));
    };
    const [small, large] = [at(16), at(32)];
    expect(large.parameters).toBe(small.parameters);
    expect(large.macs - 56).toBe(4 * (small.macs - 56));
  });

  it('lists dilated and plain convolutions of one size alike: holes are no products', () => {
    const net = new NetworkBuilder('net', { height: 9, width: 9, channels: 2 });
    const network = net.ending(net.conv('conv', net.image, { channels: 3, kernel: 3 }));
    const dilated = network.layers.map((layer) =>
      layer.kind === 'conv' ? { ...layer, dilation: 2, padding: 2 } : layer,
    );
    expect(costOf({ ...network, layers: dilated })).toEqual(costOf(network));
  });
});
