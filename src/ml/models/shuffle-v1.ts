import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { convNorm, tapActivated } from './blocks.ts';
import { requireSize, type Model } from './model.ts';

const MINIMUM_SIZE = 16;

/** Channels c and units n of each stage, the first unit with stride 2: table 1 of the paper for three groups. */
const STAGES = [
  { c: 240, n: 4 },
  { c: 480, n: 8 },
  { c: 960, n: 4 },
] as const;
const STEM = 24;
const GROUPS = 3;

/** Channels of a bottleneck are a quarter of what comes out of it. */
const BOTTLENECK = 4;

/** Takes the channels of `GROUPS` equal parts in turn. */
function shuffle(net: NetworkBuilder, name: string, x: LayerIndex): LayerIndex {
  const channels = net.shape(x).channels / GROUPS;
  const part = (group: number): LayerIndex =>
    net.slice(`${name}.part${group}`, x, { start: group * channels, channels });
  return net.concat(name, [part(0), part(1), part(2)], { interleaved: true });
}

/**
 * Figure 2 of the paper: 1×1 in groups, shuffle, depthwise 3×3, 1×1 in groups; added to the input or, where the unit strides,
 * joined with its average. Behind the stem the first convolution has one group, and nothing is shuffled.
 */
function unit(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  { channels, stride }: { readonly channels: number; readonly stride: number },
): LayerIndex {
  const inputs = net.shape(x).channels;
  const out = stride === 1 ? channels : channels - inputs;
  const middle = out / BOTTLENECK;
  const groups = inputs === STEM ? 1 : GROUPS;
  const at = (i: number) => ({ conv: `${name}.conv${i}`, norm: `${name}.bn${i}` });
  let y = convNorm(net, x, { ...at(1), channels: middle, kernel: 1, groups, activation: 'relu' });
  if (groups > 1) y = shuffle(net, `${name}.shuffle1`, y);
  y = convNorm(net, y, { ...at(2), channels: middle, kernel: 3, stride, groups: middle, activation: 'relu' });
  y = convNorm(net, y, { ...at(3), channels: out, kernel: 1, groups: GROUPS });
  if (stride === 1) return net.activation(`${name}.relu`, net.add(`${name}.add`, y, x));
  const window = { kernel: 3, stride, padding: 1, countPadding: true };
  return net.activation(
    `${name}.relu`,
    net.concat(`${name}.join`, [y, net.pool(`${name}.shortcut`, x, 'average', window)]),
  );
}

/**
 * Builds the ShuffleNet for 32-pixel images of distillation papers (RepDistiller's `ShuffleV1`): a 1×1 stem, no pool.
 *
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block3` are its stages, at strides 2, 4, 8
 * @throws FailureError for an image below 16×16
 */
function build(input: Shape, classes: number): Network {
  requireSize('shuffle_v1', input, MINIMUM_SIZE);
  const net = new NetworkBuilder('shuffle_v1', input);
  const stem = { conv: 'conv1', norm: 'bn1', channels: STEM, kernel: 1, activation: 'relu' } as const;
  let x = net.tap('stem', convNorm(net, net.image, stem));
  STAGES.forEach(({ c, n }, stage) => {
    for (let i = 0; i < n; i++) x = unit(net, `layer${stage + 1}.${i}`, x, { channels: c, stride: i ? 1 : 2 });
    tapActivated(net, stage + 1, x);
  });
  return net.classifier(x, { name: 'linear', classes });
}

/** Registry entry. */
export const shuffleV1: Model = {
  build,
  summary: 'ShuffleNet of three groups for small images',
  source:
    'Zhang, Zhou, Lin, Sun: ShuffleNet, CVPR 2018; for 32 pixels: Tian, Krishnan, Isola: Contrastive Representation Distillation, ICLR 2020 (RepDistiller)',
  minimumSize: MINIMUM_SIZE,
  nominal: { side: 32, classes: 100 },
  blocks: [1, 2, 3],
  dropout: false,
};
