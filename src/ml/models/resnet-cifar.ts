import { NetworkBuilder } from '../network/builder.ts';
import type { Network, Shape } from '../network/network.ts';
import { convNorm, tapActivated } from './blocks.ts';
import { requireSize, type Model } from './model.ts';
import { basicBlock } from './residual.ts';

const SOURCE = 'He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, section 4.2';
const MINIMUM_SIZE = 8;

/** Channels of the first convolution, then channels and stride of the three stages (section 4.2), for one width. */
const STEM = 16;
const STAGES = [
  { channels: 16, stride: 1 },
  { channels: 32, stride: 2 },
  { channels: 64, stride: 2 },
] as const;

/** RepDistiller's wide members: the stages four times as wide, the first convolution twice. */
const WIDE = 4;

/** Depth 6n + 2, and whether the stages are four times as wide. */
interface Member {
  readonly depth: number;
  readonly wide?: boolean;
}

/** Its YAML name. */
const nameOf = ({ depth, wide = false }: Member): string => `resnet${depth}${wide ? `x${WIDE}` : ''}`;

/**
 * Builds a residual network of the CIFAR family in the form that distillation papers use (RepDistiller: projection
 * shortcuts with batch norm, taps behind each stage's last ReLU).
 *
 * @param member - which
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1`, `block2`, `block3` at strides 1, 2, 4
 * @throws FailureError for an image below 8×8
 */
export function resnetCifar(member: Member, input: Shape, classes: number): Network {
  const model = nameOf(member);
  requireSize(model, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(model, input);
  const stem = { conv: 'conv1', norm: 'bn1', channels: member.wide ? 2 * STEM : STEM, kernel: 3 } as const;
  let x = net.tap('stem', convNorm(net, net.image, { ...stem, activation: 'relu' }));
  STAGES.forEach(({ channels, stride }, stage) => {
    const wide = member.wide ? WIDE * channels : channels;
    for (let i = 0; i < (member.depth - 2) / 6; i++)
      x = basicBlock(net, `layer${stage + 1}.${i}`, x, { channels: wide, stride: i ? 1 : stride });
    tapActivated(net, stage + 1, x);
  });
  return net.classifier(x, { name: 'fc', classes });
}

/**
 * Registry entry of one member of the family.
 *
 * @param member - which
 * @returns the entry
 */
export function resnetCifarModel(member: Member): Model {
  const channels = STAGES.map((stage) => stage.channels * (member.wide ? WIDE : 1)).join('-');
  return {
    build: (input, classes) => resnetCifar(member, input, classes),
    summary: `residual network of ${member.depth} layers for small images, ${channels} channels`,
    source: SOURCE,
    minimumSize: MINIMUM_SIZE,
    nominal: { side: 32, classes: 10 },
    blocks: [1, 2, 3],
    dropout: false,
  };
}
