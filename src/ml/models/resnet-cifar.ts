import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { requireSize, type Model } from './model.ts';

const SOURCE = 'He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, section 4.2';
const MINIMUM_SIZE = 8;

/** Channels and stride of the three stages (He et al. 2016, section 4.2); strides of their outputs are 1, 2, 4. */
const STAGES = [
  { channels: 16, stride: 1 },
  { channels: 32, stride: 2 },
  { channels: 64, stride: 2 },
] as const;

/** conv 3×3 – BN – ReLU – conv 3×3 – BN, plus the shortcut, then ReLU; a 1×1 convolution where shapes change. */
function basicBlock(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  { channels, stride }: { readonly channels: number; readonly stride: number },
): LayerIndex {
  let y = net.conv(`${name}.conv1`, x, { channels, kernel: 3, stride });
  y = net.activation(`${name}.relu1`, net.batchNorm(`${name}.bn1`, y));
  y = net.batchNorm(`${name}.bn2`, net.conv(`${name}.conv2`, y, { channels, kernel: 3 }));
  const same = stride === 1 && net.shape(x).channels === channels;
  const projected = (): LayerIndex =>
    net.batchNorm(
      `${name}.downsample.1`,
      net.conv(`${name}.downsample.0`, x, { channels, kernel: 1, stride, padding: 0 }),
    );
  return net.activation(`${name}.relu2`, net.add(`${name}.add`, y, same ? x : projected()));
}

/**
 * Builds a residual network of the CIFAR family, depth 6n + 2, in the form that distillation papers use (RepDistiller:
 * projection shortcuts with batch norm, taps behind each stage's last ReLU).
 *
 * @param depth - 8, 14, 20, 32, 44, 56, …: 6n + 2
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1`, `block2`, `block3` at strides 1, 2, 4
 * @throws FailureError for an image below 8×8
 */
export function resnetCifar(depth: number, input: Shape, classes: number): Network {
  const model = `resnet${depth}`;
  requireSize(model, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(model, input);
  const blocks = (depth - 2) / 6;
  let x = net.conv('conv1', net.image, { channels: 16, kernel: 3 });
  x = net.activation('relu', net.batchNorm('bn1', x));
  STAGES.forEach(({ channels, stride }, stage) => {
    for (let block = 0; block < blocks; block++)
      x = basicBlock(net, `layer${stage + 1}.${block}`, x, { channels, stride: block ? 1 : stride });
    net.tap(`block${stage + 1}`, x);
  });
  return net.classifier(x, { name: 'fc', classes });
}

/**
 * Registry entry of one depth.
 *
 * @param depth - 6n + 2
 * @returns the entry
 */
export function resnetCifarModel(depth: number): Model {
  return {
    build: (input, classes) => resnetCifar(depth, input, classes),
    summary: `residual network of ${depth} layers for small images, 16-32-64 channels`,
    source: SOURCE,
    minimumSize: MINIMUM_SIZE,
    blocks: [1, 2, 3],
    dropout: false,
  };
}
