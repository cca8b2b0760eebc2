import { NetworkBuilder } from '../../src/ml/network/builder.ts';
import type { Network } from '../../src/ml/network/network.ts';

/**
 * A small network with everything that the engines know, in awkward combinations: odd channel counts and sizes, biases,
 * strides beyond the kernel, overlapping windows, sums without batch norm, a layer read three times, two dropouts.
 */
export function assortedNetwork(): Network {
  const net = new NetworkBuilder('assorted', { height: 13, width: 11, channels: 3 });
  let x = net.conv('stem', net.image, { channels: 5, kernel: 5, stride: 2, bias: true });
  x = net.activation('stem.act', x, 'relu6');
  x = net.tap('block1', net.pool('pool1', x, 'max', { kernel: 3, stride: 1, padding: 1 }));
  const left = net.batchNorm('left.bn', net.conv('left', x, { channels: 11, kernel: 3 }));
  const right = net.tap('right', net.batchNorm('right.bn', net.conv('right', x, { channels: 11, kernel: 1 })));
  let y = net.activation('sum.act', net.add('sum', left, right));
  y = net.dropout('drop1', y, 0.25);
  const bare = net.conv('bare', y, { channels: 11, kernel: 3, bias: true });
  y = net.activation('bare.act', net.add('bare.sum', bare, y));
  const again = net.batchNorm('again.bn', y);
  y = net.add('again.sum', net.activation('again.act', again), net.add('again.plain', y, again));
  y = net.tap('block2', net.pool('pool2', y, 'average', { kernel: 3, stride: 2, padding: 1 }));
  y = net.conv('far', y, { channels: 9, kernel: 1, stride: 2, padding: 0 });
  y = net.dropout('drop2', net.activation('far.act', net.batchNorm('far.bn', y, { momentum: 0.3, eps: 1e-3 })), 0.5);
  return net.classifier(y, { name: 'head', classes: 7 });
}

/**
 * A small network of everything that mobile networks are made of, in awkward combinations: depthwise filters at odd
 * sizes, silu after batch norm and after a sum, gates by pixel and by image, joined channels that start anywhere, groups,
 * dilation, stochastic depth. All but its head is smooth or nearly so.
 */
export function gatedNetwork(): Network {
  const net = new NetworkBuilder('gated', { height: 13, width: 11, channels: 3 });
  const normed = (name: string, x: number): number => net.batchNorm(`${name}.bn`, x);
  let x = net.conv('stem', net.image, { channels: 10, kernel: 3, stride: 2 });
  x = net.activation('stem.act', normed('stem', x), 'silu');
  let y = net.activation('expand.act', normed('expand', net.conv('expand', x, { channels: 22, kernel: 1 })), 'silu');
  y = net.conv('depthwise', y, { channels: 22, kernel: 5, groups: 22 });
  y = net.activation('depthwise.act', normed('depthwise', y), 'silu');
  const squeezed = net.conv('reduce', net.globalAveragePool('squeeze', y), { channels: 6, kernel: 1, bias: true });
  const excited = net.conv('raise', net.activation('reduce.act', squeezed, 'silu'), {
    channels: 22,
    kernel: 1,
    bias: true,
  });
  y = net.multiply('gate', y, net.activation('raise.act', excited, 'sigmoid'));
  y = net.stochasticDepth('depth', normed('project', net.conv('project', y, { channels: 10, kernel: 1 })), 0.5);
  x = net.tap('block1', net.activation('sum.act', net.add('sum', y, x), 'silu'));
  const primary = net.activation('primary.act', normed('primary', net.conv('primary', x, { channels: 7, kernel: 1 })));
  const cheap = normed('cheap', net.conv('cheap', primary, { channels: 7, kernel: 3, groups: 7 }));
  x = net.tap('joined', net.concat('joined', [primary, cheap, x]));
  x = net.conv('stride', x, { channels: 24, kernel: 3, stride: 2, groups: 24, bias: true });
  x = net.multiply('self', x, net.activation('self.act', x, 'hard-sigmoid'));
  x = net.conv('groups', x, { channels: 12, kernel: 3, groups: 4 });
  x = net.activation('groups.act', normed('groups', x), 'sigmoid');
  x = net.activation('spread.act', net.conv('spread', x, { channels: 9, kernel: 3, bias: true }), 'relu6');
  return spread(net.classifier(x, { name: 'head', classes: 5 }), 'spread');
}

/** Dilates a 3×3 convolution so that its output keeps its size; no model of the registry has one. */
function spread(network: Network, name: string): Network {
  const dilated = { padding: 2, dilation: 2 };
  const layers = network.layers.map((layer) =>
    layer.kind === 'conv' && layer.name === name ? { ...layer, ...dilated } : layer,
  );
  return { ...network, layers };
}
