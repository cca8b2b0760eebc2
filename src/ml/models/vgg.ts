import { NetworkBuilder } from '../network/builder.ts';
import type { Network, Shape } from '../network/network.ts';
import { convNorm, sequence, tapActivated } from './blocks.ts';
import { requireSize, type Model } from './model.ts';

const SOURCE =
  'Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015 (RepDistiller)';
const MINIMUM_SIZE = 8;

/** RepDistiller's configurations "S", "A" and "B" (the paper's table 1): channels of every block's 3×3 convolutions. */
const DEPTHS = {
  8: [[64], [128], [256], [512], [512]],
  11: [[64], [128], [256, 256], [512, 512], [512, 512]],
  13: [
    [64, 64],
    [128, 128],
    [256, 256],
    [512, 512],
    [512, 512],
  ],
} as const;

/** From this side on, a fourth pool stands before the last block. */
const LARGE = 64;

type Depth = keyof typeof DEPTHS;

/**
 * Builds a VGG for small images: batch norm, one linear layer behind the global average.
 *
 * @param depth - layers
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block4` at strides 2, 4, 8 and 8 (16 for images of 64 pixels and more)
 * @throws FailureError for an image below 8×8
 */
function vgg(depth: Depth, input: Shape, classes: number): Network {
  const model = `vgg${depth}_bn`;
  requireSize(model, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(model, input);
  const last = DEPTHS[depth].length - 1;
  let x = net.image;
  DEPTHS[depth].forEach((convolutions, block) => {
    if (block > 0 && (block < last || input.height >= LARGE)) x = net.pool(`pool${block - 1}`, x, 'max', { kernel: 2 });
    convolutions.forEach((channels, i) => {
      const names = sequence(`block${block}`, 3 * i);
      x = convNorm(net, x, { ...names, channels, kernel: 3, bias: true, activation: 'relu' });
    });
    if (block > 0) tapActivated(net, block, x);
    else net.tap('stem', x);
  });
  return net.classifier(x, { name: 'classifier', classes });
}

/**
 * Registry entry of one depth.
 *
 * @param depth - layers
 * @returns the entry
 */
export function vggModel(depth: Depth): Model {
  return {
    build: (input, classes) => vgg(depth, input, classes),
    summary: `plain 3×3 convolutions with batch norm for small images, ${depth} layers`,
    source: SOURCE,
    minimumSize: MINIMUM_SIZE,
    nominal: { side: 32, classes: 100 },
    blocks: [1, 2, 3, 4],
    dropout: false,
  };
}
