import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { convNorm, sequence } from './blocks.ts';
import { requireSize, type Model } from './model.ts';

const MINIMUM_SIZE = 16;

/**
 * Table 2 of the MobileNetV2 paper at half width, with stride 1 in the second stage: expansion t, channels c, repetitions
 * n, stride s of the first. The stages with a tap are those whose outputs RepDistiller distils.
 */
const STAGES = [
  { t: 1, c: 8, n: 1, s: 1, tap: null },
  { t: 6, c: 12, n: 2, s: 1, tap: 'block1' },
  { t: 6, c: 16, n: 3, s: 2, tap: 'block2' },
  { t: 6, c: 32, n: 4, s: 2, tap: null },
  { t: 6, c: 48, n: 3, s: 1, tap: 'block3' },
  { t: 6, c: 80, n: 3, s: 2, tap: null },
  { t: 6, c: 160, n: 1, s: 1, tap: 'block4' },
] as const;
const STEM = 16;
const HEAD = 1280;

/** 1×1 expansion (also for t = 1), depthwise 3×3, linear 1×1 projection; a shortcut where shapes agree. */
function invertedResidual(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  row: { readonly t: number; readonly c: number; readonly stride: number },
): LayerIndex {
  const { channels } = net.shape(x);
  const expanded = { channels: row.t * channels, activation: 'relu' } as const;
  let y = convNorm(net, x, { ...sequence(name, 0), ...expanded, kernel: 1 });
  const depthwise = { kernel: 3, stride: row.stride, groups: expanded.channels };
  y = convNorm(net, y, { ...sequence(name, 3), ...expanded, ...depthwise });
  y = convNorm(net, y, { ...sequence(name, 6), channels: row.c, kernel: 1 });
  return row.stride === 1 && channels === row.c ? net.add(`${name}.add`, x, y) : y;
}

/**
 * Builds the MobileNetV2 for 32-pixel images of distillation papers (RepDistiller's `mobile_half`): ReLU, no dropout.
 *
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block4` at strides 2, 4, 8, 16
 * @throws FailureError for an image below 16×16
 */
function build(input: Shape, classes: number): Network {
  requireSize('mobile_half', input, MINIMUM_SIZE);
  const net = new NetworkBuilder('mobile_half', input);
  const relu = { activation: 'relu' } as const;
  const stem = { ...sequence('conv1'), channels: STEM, kernel: 3, stride: 2, ...relu };
  let x = net.tap('stem', convNorm(net, net.image, stem));
  STAGES.forEach(({ t, c, n, s, tap }, stage) => {
    for (let i = 0; i < n; i++) x = invertedResidual(net, `blocks.${stage}.${i}.conv`, x, { t, c, stride: i ? 1 : s });
    if (tap) net.tap(tap, x);
  });
  x = convNorm(net, x, { ...sequence('conv2'), channels: HEAD, kernel: 1, ...relu });
  return net.classifier(x, { name: 'classifier.0', classes });
}

/** Registry entry. */
export const mobileHalf: Model = {
  build,
  summary: 'MobileNetV2 of half width for small images',
  source:
    'Sandler et al.: MobileNetV2, CVPR 2018; for 32 pixels: Tian, Krishnan, Isola: Contrastive Representation Distillation, ICLR 2020 (RepDistiller)',
  minimumSize: MINIMUM_SIZE,
  nominal: { side: 32, classes: 100 },
  blocks: [1, 2, 3, 4],
  dropout: false,
};
