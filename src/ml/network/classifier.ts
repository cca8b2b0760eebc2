import type { LinearLayer, Network } from './network.ts';

/**
 * The classifier of a network: the linear layer that gives its logits.
 *
 * @param network - one of the registry
 * @returns its last layer
 * @throws Error for a network that ends otherwise, as adapters do
 */
export function classifierOf(network: Network): LinearLayer {
  const { layers, model } = network;
  const last = layers.at(-1);
  if (last?.kind !== 'linear') throw new Error(`${model} does not end in a linear layer`);
  return last;
}
