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
});
