import type { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex } from '../network/network.ts';
import { convNorm, sequence, type ConvNormOptions } from './blocks.ts';

/** What a residual block does to its input. */
export interface ResidualOptions {
  readonly channels: number;
  readonly stride: number;
  /** PyTorch name of the shortcut's convolution and batch norm; torchvision's by default. */
  readonly shortcut?: string;
}

/** A residual block: adds its layers behind x, named as torchvision does but for the shortcut. */
export type ResidualBlock = (net: NetworkBuilder, name: string, x: LayerIndex, options: ResidualOptions) => LayerIndex;

/** A branch y behind x that is to be joined with it. */
interface Ends extends Omit<ResidualOptions, 'channels'> {
  readonly x: LayerIndex;
  readonly y: LayerIndex;
}

/** The sum of a branch and the shortcut, then ReLU; the shortcut is a 1×1 convolution where shapes change. */
function join(net: NetworkBuilder, name: string, ends: Ends): LayerIndex {
  const { x, y, stride, shortcut: called = 'downsample' } = ends;
  const { channels } = net.shape(y);
  const same = stride === 1 && net.shape(x).channels === channels;
  const shortcut = same ? x : convNorm(net, x, { ...sequence(`${name}.${called}`), channels, kernel: 1, stride });
  return net.activation(`${name}.relu`, net.add(`${name}.add`, y, shortcut));
}

/** Names of the i-th convolution and batch norm of a block. */
const names = (name: string, i: number): Pick<ConvNormOptions, 'conv' | 'norm'> => ({
  conv: `${name}.conv${i}`,
  norm: `${name}.bn${i}`,
});

/** He et al. 2016, figure 5 left: 3×3 – 3×3. */
export const basicBlock: ResidualBlock = (net, name, x, { channels, ...options }) => {
  const { stride } = options;
  let y = convNorm(net, x, { ...names(name, 1), channels, kernel: 3, stride, activation: 'relu' });
  y = convNorm(net, y, { ...names(name, 2), channels, kernel: 3 });
  return join(net, name, { x, y, ...options });
};

/** He et al. 2016, figure 5 right: 1×1 – 3×3 – 1×1 to four times the channels; the stride sits on the 3×3 ("v1.5"). */
export const bottleneck: ResidualBlock = (net, name, x, { channels, ...options }) => {
  const { stride } = options;
  let y = convNorm(net, x, { ...names(name, 1), channels, kernel: 1, activation: 'relu' });
  y = convNorm(net, y, { ...names(name, 2), channels, kernel: 3, stride, activation: 'relu' });
  y = convNorm(net, y, { ...names(name, 3), channels: 4 * channels, kernel: 1 });
  return join(net, name, { x, y, ...options });
};
