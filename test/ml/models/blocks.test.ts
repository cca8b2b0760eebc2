import { describe, expect, it } from 'vitest';
import { convNorm, sequence, squeezeExcite, tapBlock } from '../../../src/ml/models/blocks.ts';
import { basicBlock, bottleneck } from '../../../src/ml/models/residual.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import type { Layer } from '../../../src/ml/network/network.ts';

const builder = (channels: number) => new NetworkBuilder('net', { height: 8, width: 8, channels });
/** Layers as `kind name < names of the inputs`. */
const drawn = (net: NetworkBuilder, last: number): string[] => {
  const { layers } = net.ending(last);
  const name = (layer: Layer | undefined) => layer?.name ?? '?';
  return layers.slice(1).map((layer) => {
    return `${layer.kind} ${layer.name} < ${layer.inputs.map((input) => name(layers[input])).join(', ')}`;
  });
};

describe('convNorm', () => {
  it('adds convolution, batch norm with the told ε, and the activation', () => {
    const net = builder(3);
    const y = convNorm(net, net.image, { ...sequence('a', 3), channels: 4, kernel: 3, activation: 'silu', eps: 1e-3 });
    expect(drawn(net, y)).toEqual(['conv a.3 < input', 'batch-norm a.4 < a.3', 'activation a.4.silu < a.4']);
    expect(net.ending(y).layers[2]).toMatchObject({ eps: 1e-3, momentum: 0.1 });
  });

  it('leaves ε and activation out unless told', () => {
    const net = builder(3);
    const y = convNorm(net, net.image, { conv: 'c', norm: 'n', channels: 4, kernel: 3 });
    expect(drawn(net, y)).toEqual(['conv c < input', 'batch-norm n < c']);
    expect(net.ending(y).layers[y]).toMatchObject({ eps: 1e-5 });
  });
});

describe('squeezeExcite', () => {
  it('gates every channel by its mean through two 1×1 convolutions with bias', () => {
    const net = builder(12);
    const y = squeezeExcite(net, net.image, {
      reduce: 'fc1',
      expand: 'fc2',
      channels: 3,
      activation: 'relu',
      gate: 'hard-sigmoid',
    });
    expect(drawn(net, y)).toEqual([
      'global-average-pool fc1.pool < input',
      'conv fc1 < fc1.pool',
      'activation fc1.relu < fc1',
      'conv fc2 < fc1.relu',
      'activation fc2.hard-sigmoid < fc2',
      'multiply fc2.multiply < input, fc2.hard-sigmoid',
    ]);
    const shapes = net.ending(y).parameters.map(({ name, shape }) => [name, shape]);
    expect(shapes).toEqual([
      ['fc1.weight', [3, 12, 1, 1]],
      ['fc1.bias', [3]],
      ['fc2.weight', [12, 3, 1, 1]],
      ['fc2.bias', [12]],
    ]);
  });
});

describe('tapBlock', () => {
  it('names layers at strides 4, 8, 16 and 32, the last of each', () => {
    const net = builder(3);
    const layers = [1, 2, 4, 4, 8, 16, 32, 32, 64].map((stride, i) => {
      return tapBlock(net, net.activation(`act${i}`, net.image), stride);
    });
    const [, , , block1, block2, block3, , block4] = layers;
    expect(net.ending(net.image).taps).toEqual({ block1, block2, block3, block4 });
  });
});

describe('residual blocks', () => {
  it('adds the input itself where shapes agree', () => {
    const net = builder(16);
    const y = basicBlock(net, 'b', net.image, { channels: 16, stride: 1 });
    expect(drawn(net, y)).toEqual([
      'conv b.conv1 < input',
      'batch-norm b.bn1 < b.conv1',
      'activation b.bn1.relu < b.bn1',
      'conv b.conv2 < b.bn1.relu',
      'batch-norm b.bn2 < b.conv2',
      'add b.add < b.bn2, input',
      'activation b.relu < b.add',
    ]);
  });

  it.each([
    ['channels', 8, 1],
    ['the size', 16, 2],
  ])('adds a projection of the input where %s change', (_, channels, stride) => {
    const net = builder(channels);
    const y = basicBlock(net, 'b', net.image, { channels: 16, stride });
    expect(drawn(net, y).slice(-4)).toEqual([
      'conv b.downsample.0 < input',
      'batch-norm b.downsample.1 < b.downsample.0',
      'add b.add < b.bn2, b.downsample.1',
      'activation b.relu < b.add',
    ]);
    expect(net.shape(y)).toEqual({ height: 8 / stride, width: 8 / stride, channels: 16 });
  });

  it('strides a bottleneck in its 3×3 and widens fourfold', () => {
    const net = builder(64);
    const y = bottleneck(net, 'b', net.image, { channels: 32, stride: 2 });
    const windows = net.ending(y).layers.flatMap((layer) => {
      return layer.kind === 'conv' ? [[layer.name, layer.kernel, layer.stride, layer.outChannels]] : [];
    });
    expect(windows).toEqual([
      ['b.conv1', 1, 1, 32],
      ['b.conv2', 3, 2, 32],
      ['b.conv3', 1, 1, 128],
      ['b.downsample.0', 1, 2, 128],
    ]);
  });
});
