import type { Layer, Network } from './network.ts';

/** What one layer costs for one image. */
export interface LayerCost {
  readonly name: string;
  /** Trained values. */
  readonly parameters: number;
  /** Multiply-accumulates of convolutions and linear layers; other layers count 0, as in the literature. */
  readonly macs: number;
}

/** Cost of a network for one image. */
export interface NetworkCost {
  readonly layers: readonly LayerCost[];
  readonly parameters: number;
  readonly macs: number;
}

function macsOf(layer: Layer): number {
  if (layer.kind === 'linear') return layer.inFeatures * layer.outFeatures;
  if (layer.kind !== 'conv') return 0;
  const { height, width, channels } = layer.shape;
  return height * width * channels * (layer.inChannels / layer.groups) * layer.kernel ** 2;
}

function parametersOf(layer: Layer): number {
  if (layer.kind === 'batch-norm') return 2 * layer.shape.channels;
  if (layer.kind === 'linear') return (layer.inFeatures + (layer.bias ? 1 : 0)) * layer.outFeatures;
  if (layer.kind !== 'conv') return 0;
  return layer.outChannels * ((layer.inChannels / layer.groups) * layer.kernel ** 2 + (layer.bias ? 1 : 0));
}

/**
 * Counts one layer's parameters and multiply-accumulates.
 *
 * @param layer - the layer; its output shape decides the MACs
 * @returns both, 0 where it has none
 */
export function layerCost(layer: Layer): LayerCost {
  return { name: layer.name, parameters: parametersOf(layer), macs: macsOf(layer) };
}

/**
 * Counts parameters and multiply-accumulates.
 *
 * @param network - the network; its input size decides the MACs
 * @returns totals, and each layer that costs something
 */
export function costOf(network: Network): NetworkCost {
  const all = network.layers.map(layerCost);
  const sum = (key: 'parameters' | 'macs'): number => all.reduce((total, layer) => total + layer[key], 0);
  const layers = all.filter((layer) => layer.parameters + layer.macs > 0);
  return { layers, parameters: sum('parameters'), macs: sum('macs') };
}
