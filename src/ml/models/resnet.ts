import { at } from '../../util/at.ts';
import { NetworkBuilder } from '../network/builder.ts';
import type { Network, Shape } from '../network/network.ts';
import { convNorm } from './blocks.ts';
import { requireSize, type Model } from './model.ts';
import { basicBlock, bottleneck } from './residual.ts';

const SOURCE = 'He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016';
const MINIMUM_SIZE = 32;

/** Table 1 of the paper: the block, and how often it stands in each stage. */
const DEPTHS = {
  18: { block: basicBlock, blocks: [2, 2, 2, 2] },
  34: { block: basicBlock, blocks: [3, 4, 6, 3] },
  50: { block: bottleneck, blocks: [3, 4, 6, 3] },
} as const;

/** torchvision's weights of the paper's recipe (IMAGENET1K_V1). */
const PUBLISHED = {
  18: 'https://download.pytorch.org/models/resnet18-f37072fd.pth',
  34: 'https://download.pytorch.org/models/resnet34-b627a593.pth',
  50: 'https://download.pytorch.org/models/resnet50-0676ba61.pth',
} as const;

/** Channels and stride of the four stages. */
const STAGES = [
  { channels: 64, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 256, stride: 2 },
  { channels: 512, stride: 2 },
] as const;

/** Layers of a residual network. */
type Depth = keyof typeof DEPTHS;

/**
 * Builds a residual network as torchvision has it.
 *
 * @param depth - layers
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block4` are the stages' outputs, at strides 4, 8, 16, 32
 * @throws FailureError for an image below 32×32
 */
export function resnet(depth: Depth, input: Shape, classes: number): Network {
  const model = `resnet${depth}`;
  requireSize(model, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(model, input);
  const stem = { conv: 'conv1', norm: 'bn1', channels: 64, kernel: 7, stride: 2, activation: 'relu' } as const;
  let x = convNorm(net, net.image, stem);
  x = net.pool('maxpool', x, 'max', { kernel: 3, stride: 2, padding: 1 });
  const { block, blocks } = DEPTHS[depth];
  STAGES.forEach(({ channels, stride }, stage) => {
    for (let i = 0; i < at(blocks, stage); i++)
      x = block(net, `layer${stage + 1}.${i}`, x, { channels, stride: i ? 1 : stride });
    net.tap(`block${stage + 1}`, x);
  });
  return net.classifier(x, { name: 'fc', classes });
}

/**
 * Registry entry of one depth.
 *
 * @param depth - layers
 * @returns the entry
 */
export function resnetModel(depth: Depth): Model {
  return {
    build: (input, classes) => resnet(depth, input, classes),
    summary: `residual network of ${depth} layers, 64-128-256-512 channels${depth < 50 ? '' : ', bottlenecks'}`,
    source: SOURCE,
    minimumSize: MINIMUM_SIZE,
    nominal: { side: 224, classes: 1000 },
    blocks: [1, 2, 3, 4],
    dropout: false,
    pretrained: PUBLISHED[depth],
  };
}
