import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';

const builder = (height: number, width = height): NetworkBuilder =>
  new NetworkBuilder('net', { height, width, channels: 3 });

describe('NetworkBuilder', () => {
  it.each([
    { size: 32, kernel: 3, stride: 1, padding: 1, out: 32 },
    { size: 32, kernel: 3, stride: 2, padding: 1, out: 16 },
    { size: 33, kernel: 3, stride: 2, padding: 1, out: 17 },
    { size: 7, kernel: 2, stride: 2, padding: 0, out: 3 },
    { size: 224, kernel: 7, stride: 2, padding: 3, out: 112 },
    { size: 5, kernel: 5, stride: 3, padding: 0, out: 1 },
  ])('slides a window of $kernel by $stride over $size pixels as PyTorch does', ({ size, out, ...window }) => {
    const net = builder(size, size);
    const conv = net.conv('conv', net.image, { channels: 6, ...window });
    const pool = net.pool('pool', net.image, 'max', window);
    expect(net.shape(conv)).toEqual({ height: out, width: out, channels: 6 });
    expect(net.shape(pool)).toEqual({ height: out, width: out, channels: 3 });
  });

  it('pads odd kernels to the same size unless told otherwise', () => {
    const net = builder(9, 5);
    expect(net.shape(net.conv('a', net.image, { channels: 2, kernel: 5 }))).toMatchObject({ height: 9, width: 5 });
    expect(net.shape(net.conv('b', net.image, { channels: 2, kernel: 5, padding: 0 }))).toMatchObject({
      height: 5,
      width: 1,
    });
  });

  it('registers parameters in the order of the calls, with PyTorch’s shapes and roles', () => {
    const net = builder(8);
    const x = net.batchNorm('bn', net.conv('conv', net.image, { channels: 6, kernel: 3, groups: 3, bias: true }));
    const network = net.classifier(x, { name: 'fc', classes: 4 });
    expect(network.parameters).toEqual([
      { name: 'conv.weight', role: 'conv.weight', shape: [6, 1, 3, 3], trained: true },
      { name: 'conv.bias', role: 'conv.bias', shape: [6], trained: true },
      { name: 'bn.weight', role: 'bn.weight', shape: [6], trained: true },
      { name: 'bn.bias', role: 'bn.bias', shape: [6], trained: true },
      { name: 'bn.running_mean', role: 'bn.mean', shape: [6], trained: false },
      { name: 'bn.running_var', role: 'bn.var', shape: [6], trained: false },
      { name: 'fc.weight', role: 'linear.weight', shape: [4, 6], trained: true },
      { name: 'fc.bias', role: 'linear.bias', shape: [4], trained: true },
    ]);
  });

  it('ends a classifier with the taps pooled and logits', () => {
    const net = builder(8);
    const network = net.classifier(net.image, { name: 'fc', classes: 4 });
    expect(network.taps).toEqual({ pooled: 1, logits: 2 });
    expect(network.layers.map((layer) => layer.kind)).toEqual(['input', 'global-average-pool', 'linear']);
    expect(network).toMatchObject({ model: 'net', classes: 4, input: { height: 8, width: 8, channels: 3 } });
  });

  it('says that an image is too small for a window', () => {
    const net = builder(2, 9);
    expect(() => net.pool('pool', net.image, 'max', { kernel: 3 })).toThrow(FailureError);
    expect(() => net.conv('conv', net.image, { channels: 1, kernel: 3, padding: 0 })).toThrow(
      'net cannot take 2×9 images',
    );
  });

  it('multiplies a map by one factor a channel, or one a value', () => {
    const net = builder(6, 4);
    const gate = net.globalAveragePool('gate', net.image);
    expect(net.shape(net.multiply('gated', net.image, gate))).toEqual({ height: 6, width: 4, channels: 3 });
    const product = net.multiply('product', net.image, net.activation('act', net.image));
    const network = net.ending(product);
    expect(network.layers.slice(2)).toMatchObject([
      { kind: 'multiply', name: 'gated', inputs: [0, gate] },
      { kind: 'activation', function: 'relu' },
      { kind: 'multiply', name: 'product', inputs: [0, product - 1] },
    ]);
  });

  it('joins the channels of maps of one size in their order', () => {
    const net = builder(6, 4);
    const wide = net.conv('wide', net.image, { channels: 5, kernel: 1 });
    const joined = net.concat('joined', [wide, net.image, wide]);
    expect(net.shape(joined)).toEqual({ height: 6, width: 4, channels: 13 });
    expect(net.ending(joined).layers[joined]).toMatchObject({ kind: 'concat', inputs: [wide, 0, wide] });
  });

  it('shuffles channels as a slice of each group in turn', () => {
    const net = builder(6, 4);
    const wide = net.conv('wide', net.image, { channels: 6, kernel: 1 });
    const groups = [0, 3].map((start) => net.slice('group', wide, { start, channels: 3 }));
    expect(net.shape(groups[1]!)).toEqual({ height: 6, width: 4, channels: 3 });
    const shuffled = net.concat('shuffle', [groups[0]!, groups[1]!], { interleaved: true });
    expect(net.shape(shuffled)).toEqual({ height: 6, width: 4, channels: 6 });
    expect(net.ending(shuffled).layers.slice(2)).toMatchObject([
      { kind: 'slice', from: 0, inputs: [wide] },
      { kind: 'slice', from: 3, inputs: [wide] },
      { kind: 'concat', interleaved: true, inputs: groups },
    ]);
  });

  it('takes no channel that is not there, and interleaves as many of each map only', () => {
    const net = builder(6, 4);
    const wide = net.conv('wide', net.image, { channels: 6, kernel: 1 });
    for (const [start, channels] of [
      [4, 3],
      [-1, 2],
      [2, 0],
    ] as const)
      expect(() => net.slice('part', wide, { start, channels })).toThrow(/net: part takes channels .* of 6/);
    expect(() => net.concat('shuffle', [wide, net.image], { interleaved: true })).toThrow(
      'net: shuffle interleaves different numbers of channels',
    );
  });

  it('puts dropout between the pooled features and the linear layer, where there is one', () => {
    const net = builder(8);
    const network = net.classifier(net.image, { name: 'fc', classes: 4, dropout: 0.3 });
    expect(network.layers.slice(1)).toMatchObject([
      { kind: 'global-average-pool', inputs: [0] },
      { kind: 'dropout', rate: 0.3, inputs: [1] },
      { kind: 'linear', inputs: [2] },
    ]);
    expect(network.taps).toEqual({ pooled: 1, logits: 3 });
  });

  it('ends a classifier behind features that are one pixel already without another pool', () => {
    const net = builder(8);
    const features = net.conv('head', net.globalAveragePool('pool', net.image), { channels: 9, kernel: 1 });
    const network = net.head(features, { name: 'fc', classes: 4 });
    expect(network.layers.map((layer) => layer.kind)).toEqual(['input', 'global-average-pool', 'conv', 'linear']);
    expect(network.taps).toEqual({ pooled: features, logits: 3 });
  });

  it('keeps shapes, rates and stream positions of what acts in training only', () => {
    const net = builder(5);
    const drop = net.stochasticDepth('branch', net.dropout('drop', net.image, 0.1), 0.2);
    expect(net.shape(drop)).toEqual({ height: 5, width: 5, channels: 3 });
    expect(net.ending(drop).layers.slice(1)).toMatchObject([
      { kind: 'dropout', name: 'drop', rate: 0.1 },
      { kind: 'stochastic-depth', name: 'branch', rate: 0.2 },
    ]);
  });

  it('gives the latest layer a tap’s name', () => {
    const net = builder(5);
    net.tap('block1', net.image);
    const later = net.tap('block1', net.activation('act', net.image));
    expect(net.ending(later).taps).toEqual({ block1: later });
  });

  it.each<[string, (net: NetworkBuilder) => unknown, string]>([
    ['a layer that is not there', (net) => net.activation('act', 7), 'no layer 7 in net'],
    [
      'groups that do not part the inputs',
      (net) => net.conv('conv', net.image, { channels: 4, kernel: 1, groups: 2 }),
      'net: conv cannot part 3 → 4 channels in 2',
    ],
    [
      'groups that do not part the outputs',
      (net) => net.conv('conv', net.image, { channels: 4, kernel: 1, groups: 3 }),
      'net: conv cannot part 3 → 4 channels in 3',
    ],
    [
      'a sum of unequal channels',
      (net) => net.add('sum', net.image, net.conv('conv', net.image, { channels: 4, kernel: 1 })),
      'net: sum takes 8×6×3 and 8×6×4',
    ],
    [
      'a sum of unequal sizes',
      (net) => net.add('sum', net.pool('pool', net.image, 'max', { kernel: 2 }), net.image),
      'net: sum takes 4×3×3 and 8×6×3',
    ],
    [
      'a gate of other channels',
      (net) => {
        const gate = net.globalAveragePool('pool', net.conv('conv', net.image, { channels: 4, kernel: 1 }));
        return net.multiply('gated', net.image, gate);
      },
      'net: gated takes 8×6×3 and 1×1×4',
    ],
    [
      'a join of unequal sizes',
      (net) => net.concat('join', [net.image, net.pool('pool', net.image, 'max', { kernel: 2 })]),
      'net: join joins maps of different sizes',
    ],
    ['a linear layer over a map', (net) => net.linear('fc', net.image, 2), 'net: fc takes one pixel, not 8×6'],
    [
      'two owners of a parameter',
      (net) => net.batchNorm('bn', net.batchNorm('bn', net.image)),
      'net: two layers own bn.weight',
    ],
  ])('refuses %s, a bug of the table', (_, wrong, said) => {
    expect(() => wrong(builder(8, 6))).toThrow(new Error(said));
  });
});
