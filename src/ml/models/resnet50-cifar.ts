import { NetworkBuilder } from '../network/builder.ts';
import type { Network, Shape } from '../network/network.ts';
import { convNorm, tapActivated } from './blocks.ts';
import { requireSize, type Model } from './model.ts';
import { bottleneck } from './residual.ts';

const NAME = 'resnet50_cifar';
const MINIMUM_SIZE = 8;

/** Channels, stride and blocks n of the four stages (table 1 of the paper). */
const STAGES = [
  { channels: 64, stride: 1, n: 3 },
  { channels: 128, stride: 2, n: 4 },
  { channels: 256, stride: 2, n: 6 },
  { channels: 512, stride: 2, n: 3 },
] as const;

/**
 * Builds the ResNet-50 for 32-pixel images of distillation papers (RepDistiller's `ResNet50`): a 3×3 stem of stride 1, no pool.
 *
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block4` are the stages' outputs, at strides 1, 2, 4, 8
 * @throws FailureError for an image below 8×8
 */
function build(input: Shape, classes: number): Network {
  requireSize(NAME, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(NAME, input);
  const stem = { conv: 'conv1', norm: 'bn1', channels: 64, kernel: 3, activation: 'relu' } as const;
  let x = net.tap('stem', convNorm(net, net.image, stem));
  STAGES.forEach(({ channels, stride, n }, stage) => {
    for (let i = 0; i < n; i++)
      x = bottleneck(net, `layer${stage + 1}.${i}`, x, { channels, stride: i ? 1 : stride, shortcut: 'shortcut' });
    tapActivated(net, stage + 1, x);
  });
  return net.classifier(x, { name: 'linear', classes });
}

/** Registry entry. */
export const resnet50Cifar: Model = {
  build,
  summary: 'residual network of 50 layers for small images, bottlenecks',
  source:
    'He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016; for 32 pixels: Tian, Krishnan, Isola: Contrastive Representation Distillation, ICLR 2020 (RepDistiller)',
  minimumSize: MINIMUM_SIZE,
  nominal: { side: 32, classes: 100 },
  blocks: [1, 2, 3, 4],
  dropout: false,
};
