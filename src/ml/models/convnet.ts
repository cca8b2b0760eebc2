import { NetworkBuilder } from '../network/builder.ts';
import type { Network, Shape } from '../network/network.ts';
import { requireSize, type Model } from './model.ts';

const SOURCE =
  'kdpipe: plain convolutions with batch norm (Simonyan & Zisserman, ICLR 2015; Ioffe & Szegedy, ICML 2015)';
const MINIMUM_SIZE = 8;

/** Blocks of conv 3×3 – BN – ReLU; channels as a multiple of the width; a 2×2 maximum pool stands before the block. */
const BLOCKS = [
  { name: 'block1', times: 1, pooled: false },
  { name: 'block2', times: 2, pooled: true },
  { name: 'block3', times: 4, pooled: true },
] as const;

/**
 * Builds a small plain convolutional network for digits and the like.
 *
 * @param width - channels of the first block
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1`, `block2`, `block3` at strides 1, 2, 4
 * @throws FailureError for an image below 8×8
 */
export function convnet(width: number, input: Shape, classes: number): Network {
  const model = `convnet${width}`;
  requireSize(model, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(model, input);
  let x = net.image;
  for (const { name, times, pooled } of BLOCKS) {
    if (pooled) x = net.pool(`${name}.pool`, x, 'max', { kernel: 2 });
    x = net.conv(`${name}.conv`, x, { channels: width * times, kernel: 3 });
    x = net.activation(`${name}.relu`, net.batchNorm(`${name}.bn`, x));
    net.tap(name, x);
  }
  return net.classifier(x, { name: 'fc', classes });
}

/**
 * Registry entry of one width.
 *
 * @param width - channels of the first block
 * @returns the entry
 */
export function convnetModel(width: number): Model {
  return {
    build: (input, classes) => convnet(width, input, classes),
    summary: `three 3×3 convolutions, ${width}-${2 * width}-${4 * width} channels`,
    source: SOURCE,
    minimumSize: MINIMUM_SIZE,
    nominal: { side: 32, classes: 10 },
    blocks: [1, 2, 3],
    dropout: false,
  };
}
