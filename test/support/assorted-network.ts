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
