import { NetworkBuilder } from '../network/builder.ts';
import type { Network, Shape } from '../network/network.ts';
import { convNorm } from './blocks.ts';
import { requireSize, type Model } from './model.ts';
import { shuffleUnit, type ShuffleUnitNames } from './shuffle-unit.ts';

const MINIMUM_SIZE = 16;

/** Channels c and units n of each stage, the first unit with stride 2: table 5 of the paper behind a stem of stride 1. */
const STAGES = [
  { c: 116, n: 4 },
  { c: 232, n: 8 },
  { c: 464, n: 4 },
] as const;
const STEM = 24;
const HEAD = 1024;

/** RepDistiller numbers a unit's convolutions, the shortcut's first. */
function namesOf(unit: string, stride: number): ShuffleUnitNames {
  const at = (i: number) => ({ conv: `${unit}.conv${i}`, norm: `${unit}.bn${i}` });
  const first = stride === 1 ? 1 : 3;
  return { shortcut: [at(1), at(2)], branch: [at(first), at(first + 1), at(first + 2)] };
}

/**
 * Builds the ShuffleNet V2 for 32-pixel images of distillation papers (RepDistiller's `ShuffleV2`): a 1×1 stem, no pool.
 *
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block3` are its stages, at strides 2, 4, 8
 * @throws FailureError for an image below 16×16
 */
function build(input: Shape, classes: number): Network {
  requireSize('shuffle_v2', input, MINIMUM_SIZE);
  const net = new NetworkBuilder('shuffle_v2', input);
  const pointwise = { kernel: 1, activation: 'relu' } as const;
  let x = net.tap('stem', convNorm(net, net.image, { conv: 'conv1', norm: 'bn1', channels: STEM, ...pointwise }));
  STAGES.forEach(({ c, n }, stage) => {
    for (let i = 0; i < n; i++) {
      const [unit, stride] = [`layer${stage + 1}.${i}`, i ? 1 : 2];
      x = shuffleUnit(net, unit, x, { channels: c, stride, names: namesOf(unit, stride) });
    }
    net.tap(`block${stage + 1}`, x);
  });
  x = convNorm(net, x, { conv: 'conv2', norm: 'bn2', channels: HEAD, ...pointwise });
  return net.classifier(x, { name: 'linear', classes });
}

/** Registry entry. */
export const shuffleV2: Model = {
  build,
  summary: 'ShuffleNet V2 for small images',
  source:
    'Ma, Zhang, Zheng, Sun: ShuffleNet V2, ECCV 2018; for 32 pixels: Tian, Krishnan, Isola: Contrastive Representation Distillation, ICLR 2020 (RepDistiller)',
  minimumSize: MINIMUM_SIZE,
  nominal: { side: 32, classes: 100 },
  blocks: [1, 2, 3],
  dropout: false,
};
