import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { convNorm, sequence, tapBlock } from './blocks.ts';
import { requireSize, type Model } from './model.ts';

const MINIMUM_SIZE = 32;

/** Table 2 of the paper: expansion t, channels c, repetitions n, stride s of the first. */
const STAGES = [
  { t: 1, c: 16, n: 1, s: 1 },
  { t: 6, c: 24, n: 2, s: 2 },
  { t: 6, c: 32, n: 3, s: 2 },
  { t: 6, c: 64, n: 4, s: 2 },
  { t: 6, c: 96, n: 3, s: 1 },
  { t: 6, c: 160, n: 3, s: 2 },
  { t: 6, c: 320, n: 1, s: 1 },
] as const;
const STEM = 32;
const HEAD = 1280;
const DROPOUT = 0.2;

/** 1×1 expansion (unless t = 1), depthwise 3×3, linear 1×1 projection; a shortcut where shapes agree. */
function invertedResidual(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  row: { readonly t: number; readonly c: number; readonly stride: number },
): LayerIndex {
  const { channels } = net.shape(x);
  const expanded = row.t * channels;
  let y = x;
  let i = 0;
  if (row.t > 1)
    y = convNorm(net, y, { ...sequence(`${name}.${i++}`), channels: expanded, kernel: 1, activation: 'relu6' });
  const depthwise = { channels: expanded, kernel: 3, stride: row.stride, groups: expanded } as const;
  y = convNorm(net, y, { ...sequence(`${name}.${i++}`), ...depthwise, activation: 'relu6' });
  y = convNorm(net, y, { ...sequence(name, i), channels: row.c, kernel: 1 });
  return row.stride === 1 && channels === row.c ? net.add(`${name}.add`, x, y) : y;
}

/**
 * Builds MobileNetV2 as torchvision has it.
 *
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block4` at strides 4, 8, 16, 32
 * @throws FailureError for an image below 32×32
 */
function build(input: Shape, classes: number): Network {
  requireSize('mobilenetv2', input, MINIMUM_SIZE);
  const net = new NetworkBuilder('mobilenetv2', input);
  const relu6 = { activation: 'relu6' } as const;
  let x = convNorm(net, net.image, { ...sequence('features.0'), channels: STEM, kernel: 3, stride: 2, ...relu6 });
  let total = 2;
  let feature = 1;
  for (const { t, c, n, s } of STAGES)
    for (let i = 0; i < n; i++) {
      const stride = i ? 1 : s;
      total *= stride;
      x = tapBlock(net, invertedResidual(net, `features.${feature++}.conv`, x, { t, c, stride }), total);
    }
  x = convNorm(net, x, { ...sequence(`features.${feature}`), channels: HEAD, kernel: 1, ...relu6 });
  return net.classifier(tapBlock(net, x, total), { name: 'classifier.1', classes, dropout: DROPOUT });
}

/** Registry entry. */
export const mobilenetv2: Model = {
  build,
  summary: 'inverted residuals with linear bottlenecks, for phones',
  source:
    'Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018 (torchvision)',
  minimumSize: MINIMUM_SIZE,
  nominal: { side: 224, classes: 1000 },
  blocks: [1, 2, 3, 4],
  dropout: true,
  pretrained: 'https://download.pytorch.org/models/mobilenet_v2-b0353104.pth',
};
