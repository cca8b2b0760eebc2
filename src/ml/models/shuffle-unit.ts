import type { NetworkBuilder } from '../network/builder.ts';
import type { LayerIndex } from '../network/network.ts';
import { convNorm, type ConvNormOptions } from './blocks.ts';

type Names = Pick<ConvNormOptions, 'conv' | 'norm'>;

/** PyTorch names of a unit's convolutions and batch norms: two of the shortcut where the unit strides, three of the branch. */
export interface ShuffleUnitNames {
  readonly shortcut: readonly [Names, Names];
  readonly branch: readonly [Names, Names, Names];
}

/** What a unit makes of its input. */
export interface ShuffleUnitOptions {
  /** Channels that come out, an even number; with stride 1 as many as go in. */
  readonly channels: number;
  readonly stride: number;
  readonly names: ShuffleUnitNames;
}

/** Depthwise 3×3 with the stride, 1×1. */
function shortcut(net: NetworkBuilder, x: LayerIndex, { names, stride, channels }: ShuffleUnitOptions): LayerIndex {
  const [depthwise, pointwise] = names.shortcut;
  const inputs = net.shape(x).channels;
  const y = convNorm(net, x, { ...depthwise, channels: inputs, kernel: 3, stride, groups: inputs });
  return convNorm(net, y, { ...pointwise, channels: channels / 2, kernel: 1, activation: 'relu' });
}

/** 1×1, depthwise 3×3 with the stride, 1×1. */
function branch(net: NetworkBuilder, x: LayerIndex, { names, stride, channels }: ShuffleUnitOptions): LayerIndex {
  const [first, depthwise, last] = names.branch;
  const half = channels / 2;
  let y = convNorm(net, x, { ...first, channels: half, kernel: 1, activation: 'relu' });
  y = convNorm(net, y, { ...depthwise, channels: half, kernel: 3, stride, groups: half });
  return convNorm(net, y, { ...last, channels: half, kernel: 1, activation: 'relu' });
}

/**
 * Adds a unit of ShuffleNet V2 (figure 3 of the paper): channel split – branch – concat – channel shuffle, or, where it
 * strides, shortcut and branch of the whole input – concat – channel shuffle.
 *
 * @param net - the network
 * @param name - PyTorch name of the unit
 * @param x - input
 * @param options - channels, stride, names
 * @returns the shuffled channels
 */
export function shuffleUnit(net: NetworkBuilder, name: string, x: LayerIndex, options: ShuffleUnitOptions): LayerIndex {
  const half = options.channels / 2;
  const split = (part: string, start: number): LayerIndex => net.slice(`${name}.${part}`, x, { start, channels: half });
  const [kept, rest] = options.stride === 1 ? [split('kept', 0), split('rest', half)] : [shortcut(net, x, options), x];
  return net.concat(`${name}.shuffle`, [kept, branch(net, rest, options)], { interleaved: true });
}
