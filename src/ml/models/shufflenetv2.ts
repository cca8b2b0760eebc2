import { at } from '../../util/at.ts';
import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { convNorm, sequence, tapBlock } from './blocks.ts';
import { requireSize, type Model } from './model.ts';
import { shuffleUnit, type ShuffleUnitNames } from './shuffle-unit.ts';

const MINIMUM_SIZE = 32;

/** Table 5 of the paper: channels of stages 2, 3, 4 and of the last convolution. */
const WIDTHS = {
  x0_5: { stages: [48, 96, 192], head: 1024 },
  x1_0: { stages: [116, 232, 464], head: 1024 },
} as const;
/** Units of each stage; the first has stride 2. */
const REPEATS = [4, 8, 4] as const;
const STEM = 24;

const namesOf = (unit: string): ShuffleUnitNames => ({
  shortcut: [sequence(`${unit}.branch1`), sequence(`${unit}.branch1`, 2)],
  branch: [sequence(`${unit}.branch2`), sequence(`${unit}.branch2`, 3), sequence(`${unit}.branch2`, 5)],
});

/** One stage: n units of c channels, the first with stride 2. */
function stage(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  { c, n }: { readonly c: number; readonly n: number },
): LayerIndex {
  let y = x;
  for (let i = 0; i < n; i++) {
    const unit = `${name}.${i}`;
    y = shuffleUnit(net, unit, y, { channels: c, stride: i ? 1 : 2, names: namesOf(unit) });
  }
  return y;
}

/** torchvision's weights (IMAGENET1K_V1). */
const PUBLISHED = {
  x0_5: 'https://download.pytorch.org/models/shufflenetv2_x0.5-f707e7126e.pth',
  x1_0: 'https://download.pytorch.org/models/shufflenetv2_x1-5666bf0f80.pth',
} as const;

/** Builds ShuffleNet V2 of one width as torchvision has it. */
function build(width: keyof typeof WIDTHS, input: Shape, classes: number): Network {
  const model = `shufflenet_v2_${width}`;
  requireSize(model, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(model, input);
  const { stages, head } = WIDTHS[width];
  const relu = { activation: 'relu' } as const;
  let x = convNorm(net, net.image, { ...sequence('conv1'), channels: STEM, kernel: 3, stride: 2, ...relu });
  x = tapBlock(net, net.pool('maxpool', x, 'max', { kernel: 3, stride: 2, padding: 1 }), 4);
  let total = 4;
  stages.forEach((c, i) => {
    total *= 2;
    x = tapBlock(net, stage(net, `stage${i + 2}`, x, { c, n: at(REPEATS, i) }), total);
  });
  x = convNorm(net, x, { ...sequence('conv5'), channels: head, kernel: 1, ...relu });
  return net.classifier(tapBlock(net, x, total), { name: 'fc', classes });
}

/**
 * Makes the registry entry of one width.
 *
 * @param width - `x1_0` is the network of the paper, `x0_5` has about half of its channels
 * @returns the entry; taps `block1` … `block4` are the last layers at strides 4, 8, 16, 32
 */
export function shufflenetV2Model(width: keyof typeof WIDTHS): Model {
  return {
    build: (input, classes) => build(width, input, classes),
    summary: 'half of the channels pass each unit untouched, then channels are shuffled',
    source:
      'Ma, Zhang, Zheng, Sun: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, ECCV 2018 (torchvision)',
    minimumSize: MINIMUM_SIZE,
    nominal: { side: 224, classes: 1000 },
    blocks: [1, 2, 3, 4],
    dropout: false,
    pretrained: PUBLISHED[width],
  };
}
