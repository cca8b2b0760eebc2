import { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex, Network, Shape } from '../network/network.ts';
import { requireSize, type Model } from './model.ts';

const SOURCE = 'Zagoruyko, Komodakis: Wide Residual Networks, BMVC 2016 (RepDistiller)';
const MINIMUM_SIZE = 8;

/** Table 1 of the paper: channels as a multiple of the widening factor, stride. */
const STAGES = [
  { channels: 16, stride: 1 },
  { channels: 32, stride: 2 },
  { channels: 64, stride: 2 },
] as const;
const STEM = 16;

/**
 * BN – ReLU – conv 3×3 – BN – ReLU – conv 3×3, plus the shortcut. Where channels change, the shortcut is a 1×1
 * convolution of the activated input (He et al.: Identity Mappings in Deep Residual Networks, ECCV 2016).
 */
function block(
  net: NetworkBuilder,
  name: string,
  x: LayerIndex,
  { channels, stride, preact }: { readonly channels: number; readonly stride: number; readonly preact: string | null },
): LayerIndex {
  const normed = net.batchNorm(`${name}.bn1`, x);
  if (preact) net.tap(preact, normed);
  const active = net.activation(`${name}.relu1`, normed);
  let y = net.conv(`${name}.conv1`, active, { channels, kernel: 3, stride });
  y = net.activation(`${name}.relu2`, net.batchNorm(`${name}.bn2`, y));
  y = net.conv(`${name}.conv2`, y, { channels, kernel: 3 });
  const same = net.shape(x).channels === channels;
  const shortcut = same ? x : net.conv(`${name}.convShortcut`, active, { channels, kernel: 1, stride });
  return net.add(`${name}.add`, shortcut, y);
}

/**
 * Builds a wide residual network.
 *
 * @param [depth, widen] - layers, 6n + 4, and the widening factor
 * @param input - shape of one image
 * @param classes - number of logits
 * @returns the network; taps `block1`, `block2`, `block3` are the stages' sums, before the next batch norm, `preact1` … `preact3` behind it
 * @throws FailureError for an image below 8×8
 */
function wideResnet([depth, widen]: readonly [number, number], input: Shape, classes: number): Network {
  const model = `wrn_${depth}_${widen}`;
  requireSize(model, input, MINIMUM_SIZE);
  const net = new NetworkBuilder(model, input);
  let x = net.tap('stem', net.conv('conv1', net.image, { channels: STEM, kernel: 3 }));
  STAGES.forEach(({ channels, stride }, stage) => {
    for (let i = 0; i < (depth - 4) / 6; i++) {
      const preact = i === 0 && stage > 0 ? `preact${stage}` : null;
      const name = `block${stage + 1}.layer.${i}`;
      x = block(net, name, x, { channels: widen * channels, stride: i ? 1 : stride, preact });
    }
    net.tap(`block${stage + 1}`, x);
  });
  const normed = net.tap(`preact${STAGES.length}`, net.batchNorm('bn1', x));
  return net.classifier(net.activation('relu', normed), { name: 'fc', classes });
}

/**
 * Registry entry of one depth and width.
 *
 * @param depth - layers, 6n + 4
 * @param widen - widening factor
 * @returns the entry
 */
export function wideResnetModel(depth: number, widen: number): Model {
  return {
    build: (input, classes) => wideResnet([depth, widen], input, classes),
    summary: `wide residual network of ${depth} layers for small images, ${widen} times as wide`,
    source: SOURCE,
    minimumSize: MINIMUM_SIZE,
    nominal: { side: 32, classes: 100 },
    blocks: [1, 2, 3],
    dropout: false,
  };
}
