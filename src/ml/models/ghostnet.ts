import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { convNorm, sequence, squeezeExcite, tapBlock } from './blocks.ts';
import { requireSize, type Model } from './model.ts';

const MINIMUM_SIZE = 32;

/** One ghost bottleneck: kernel k of its depthwise convolutions, expanded channels t, channels c, squeeze-excite, stride. */
interface Row {
  readonly k: number;
  readonly t: number;
  readonly c: number;
  readonly se: boolean;
  readonly s: number;
}

const row = (k: number, t: number, c: number, more: Partial<Pick<Row, 'se' | 's'>> = {}): Row => {
  return { k, t, c, se: false, s: 1, ...more };
};
const se = { se: true };

/** Table 1 of the paper, in timm's stages. */
const STAGES: readonly (readonly Row[])[] = [
  [row(3, 16, 16)],
  [row(3, 48, 24, { s: 2 })],
  [row(3, 72, 24)],
  [row(5, 72, 40, { se: true, s: 2 })],
  [row(5, 120, 40, se)],
  [row(3, 240, 80, { s: 2 })],
  [row(3, 200, 80), row(3, 184, 80), row(3, 184, 80), row(3, 480, 112, se), row(3, 672, 112, se)],
  [row(5, 672, 160, { se: true, s: 2 })],
  [row(5, 960, 160), row(5, 960, 160, se), row(5, 960, 160), row(5, 960, 160, se)],
];
const STEM = 16;
const SQUEEZE = 960;
const HEAD = 1280;
const DROPOUT = 0.2;

/** A quarter of the channels, rounded to a multiple of four, half up. */
const squeezed = (channels: number): number => 4 * Math.floor((channels / 4 + 2) / 4);

/** Half of the channels by a 1×1 convolution, the other half as "ghosts" of these by a cheap depthwise 3×3. */
function ghost(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  { channels, relu }: { readonly channels: number; readonly relu: boolean },
): LayerIndex {
  const half = channels / 2;
  const activation = relu ? ({ activation: 'relu' } as const) : {};
  const primary = convNorm(net, x, { ...sequence(`${name}.primary_conv`), channels: half, kernel: 1, ...activation });
  const cheap = { ...sequence(`${name}.cheap_operation`), channels: half, kernel: 3, groups: half, ...activation };
  return net.concat(`${name}.concat`, [primary, convNorm(net, primary, cheap)]);
}

/** The shortcut: the input itself, or depthwise k×k with the stride and 1×1 where shapes change. */
function shortcut(net: NetworkBuilder, name: string, x: LayerIndex, { k, c, s }: Row): LayerIndex {
  const { channels } = net.shape(x);
  if (s === 1 && channels === c) return x;
  const y = convNorm(net, x, { ...sequence(name), channels, kernel: k, stride: s, groups: channels });
  return convNorm(net, y, { ...sequence(name, 2), channels: c, kernel: 1 });
}

/** Ghost module, depthwise convolution if strided, squeeze-excite if told, linear ghost module; plus the shortcut. */
function bottleneck(net: NetworkBuilder, name: string, x: LayerIndex, table: Row): LayerIndex {
  const { k, t, c, s } = table;
  let y = ghost(net, `${name}.ghost1`, x, { channels: t, relu: true });
  const depthwise = { channels: t, kernel: k, stride: s, groups: t };
  if (s > 1) y = convNorm(net, y, { conv: `${name}.conv_dw`, norm: `${name}.bn_dw`, ...depthwise });
  if (table.se)
    y = squeezeExcite(net, y, {
      reduce: `${name}.se.conv_reduce`,
      expand: `${name}.se.conv_expand`,
      channels: squeezed(t),
      activation: 'relu',
      gate: 'hard-sigmoid',
    });
  y = ghost(net, `${name}.ghost2`, y, { channels: c, relu: false });
  return net.add(`${name}.add`, y, shortcut(net, `${name}.shortcut`, x, table));
}

/**
 * Builds GhostNet 1.0× as timm has it (`ghostnet_100`).
 *
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1` … `block4` are the last bottlenecks at strides 4, 8, 16, 32
 * @throws FailureError for an image below 32×32
 */
function build(input: Shape, classes: number): Network {
  requireSize('ghostnet', input, MINIMUM_SIZE);
  const net = new NetworkBuilder('ghostnet', input);
  const relu = { activation: 'relu' } as const;
  let x = convNorm(net, net.image, { conv: 'conv_stem', norm: 'bn1', channels: STEM, kernel: 3, stride: 2, ...relu });
  let total = 2;
  STAGES.forEach((rows, stage) => {
    rows.forEach((table, i) => {
      total *= table.s;
      x = tapBlock(net, bottleneck(net, `blocks.${stage}.${i}`, x, table), total);
    });
  });
  const last = `blocks.${STAGES.length}.0`;
  x = convNorm(net, x, { conv: `${last}.conv`, norm: `${last}.bn1`, channels: SQUEEZE, kernel: 1, ...relu });
  x = net.conv('conv_head', net.globalAveragePool('pool', x), { channels: HEAD, kernel: 1, bias: true });
  return net.head(net.activation('act2', x), { name: 'classifier', classes, dropout: DROPOUT });
}

/** Registry entry. */
export const ghostnet: Model = {
  build,
  summary: 'half of the channels by cheap depthwise convolutions of the others',
  source: 'Han, Wang, Tian, Guo, Xu, Xu: GhostNet: More Features from Cheap Operations, CVPR 2020 (timm ghostnet_100)',
  minimumSize: MINIMUM_SIZE,
  nominal: { side: 224, classes: 1000 },
  blocks: [1, 2, 3, 4],
  dropout: true,
  pretrained: 'hf:timm/ghostnet_100.in1k',
};
