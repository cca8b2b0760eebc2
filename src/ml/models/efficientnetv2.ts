import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { convNorm, sequence, squeezeExcite, tapBlock, type ConvNormOptions } from './blocks.ts';
import { requireSize, type Model } from './model.ts';

const MINIMUM_SIZE = 32;

const STEM = 24;
const HEAD = 1280;
const DROPOUT = 0.2;
/** Rate of stochastic depth that the deepest block would reach; it grows linearly with depth. */
const STOCHASTIC_DEPTH = 0.2;
const EPS = 1e-3;

/** A convolution `<name>.0` with this network's batch norm `<name>.1`. */
function convolution(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  options: Omit<ConvNormOptions, 'conv' | 'norm' | 'eps'>,
): LayerIndex {
  return convNorm(net, x, { ...sequence(name), eps: EPS, ...options });
}

/** A stage: block, expansion t, channels c, repetitions n, stride s of the first. */
interface Row {
  readonly block: Block;
  readonly t: number;
  readonly c: number;
  readonly n: number;
  readonly s: number;
}

/** A block's layers, without its shortcut. */
type Block = (net: NetworkBuilder, name: string, x: LayerIndex, row: Pick<Row, 't' | 'c' | 's'>) => LayerIndex;

/** Fused-MBConv: 3×3 expansion and linear 1×1 projection, or one 3×3 convolution if t = 1. */
const fused: Block = (net, name, x, { t, c, s }) => {
  const silu = { kernel: 3, stride: s, activation: 'silu' } as const;
  if (t === 1) return convolution(net, `${name}.0`, x, { channels: c, ...silu });
  const y = convolution(net, `${name}.0`, x, { channels: t * net.shape(x).channels, ...silu });
  return convolution(net, `${name}.1`, y, { channels: c, kernel: 1 });
};

/** MBConv: 1×1 expansion, depthwise 3×3, squeeze-excite, linear 1×1 projection. */
const mbconv: Block = (net, name, x, { t, c, s }) => {
  const { channels } = net.shape(x);
  const expanded = { channels: t * channels, activation: 'silu' } as const;
  let y = convolution(net, `${name}.0`, x, { ...expanded, kernel: 1 });
  y = convolution(net, `${name}.1`, y, { ...expanded, kernel: 3, stride: s, groups: t * channels });
  y = squeezeExcite(net, y, {
    reduce: `${name}.2.fc1`,
    expand: `${name}.2.fc2`,
    channels: Math.floor(channels / 4),
    activation: 'silu',
    gate: 'sigmoid',
  });
  return convolution(net, `${name}.3`, y, { channels: c, kernel: 1 });
};

/** Table 4 of the paper, as torchvision has it: kernels are 3×3, squeeze-excite goes to a quarter of the block's input. */
const STAGES: readonly Row[] = [
  { block: fused, t: 1, c: 24, n: 2, s: 1 },
  { block: fused, t: 4, c: 48, n: 4, s: 2 },
  { block: fused, t: 4, c: 64, n: 4, s: 2 },
  { block: mbconv, t: 4, c: 128, n: 6, s: 2 },
  { block: mbconv, t: 6, c: 160, n: 9, s: 1 },
  { block: mbconv, t: 6, c: 256, n: 15, s: 2 },
];
const BLOCKS = STAGES.reduce((sum, { n }) => sum + n, 0);

/** Places a stage's blocks; a block whose shapes agree has a shortcut, and its branch is dropped with a rate. */
function stage(
  net: NetworkBuilder,
  name: string,
  from: LayerIndex,
  row: Row & { readonly before: number },
): LayerIndex {
  let x = from;
  for (let i = 0; i < row.n; i++) {
    const s = i ? 1 : row.s;
    const y = row.block(net, `${name}.${i}.block`, x, { t: row.t, c: row.c, s });
    const rate = (STOCHASTIC_DEPTH * (row.before + i)) / BLOCKS;
    const branch = (): LayerIndex => (rate ? net.stochasticDepth(`${name}.${i}.stochastic_depth`, y, rate) : y);
    x = s === 1 && net.shape(x).channels === row.c ? net.add(`${name}.${i}.add`, branch(), x) : y;
  }
  return x;
}

/**
 * Builds EfficientNetV2-S as torchvision has it.
 *
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block4` at strides 4, 8, 16, 32
 * @throws FailureError for an image below 32×32
 */
function build(input: Shape, classes: number): Network {
  requireSize('efficientnet_v2_s', input, MINIMUM_SIZE);
  const net = new NetworkBuilder('efficientnet_v2_s', input);
  const silu = { activation: 'silu' } as const;
  let x = convolution(net, 'features.0', net.image, { channels: STEM, kernel: 3, stride: 2, ...silu });
  let total = 2;
  let before = 0;
  STAGES.forEach((row, i) => {
    x = stage(net, `features.${i + 1}`, x, { ...row, before });
    total *= row.s;
    before += row.n;
    tapBlock(net, x, total);
  });
  x = convolution(net, `features.${STAGES.length + 1}`, x, { channels: HEAD, kernel: 1, ...silu });
  return net.classifier(tapBlock(net, x, total), { name: 'classifier.1', classes, dropout: DROPOUT });
}

/** Registry entry. */
export const efficientnetV2S: Model = {
  build,
  summary: 'fused and plain inverted residuals with squeeze-excite',
  source: 'Tan, Le: EfficientNetV2: Smaller Models and Faster Training, ICML 2021 (torchvision)',
  minimumSize: MINIMUM_SIZE,
  nominal: { side: 224, classes: 1000 },
  blocks: [1, 2, 3, 4],
  dropout: true,
  pretrained: 'https://download.pytorch.org/models/efficientnet_v2_s-dd5fe13b.pth',
};
