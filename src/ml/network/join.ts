import { layerTable, networkFrom } from './layer-table.ts';
import type { LayerIndex, Network } from './network.ts';

/**
 * Puts one network behind a layer of another, whose layers after that one are left out.
 *
 * @param model - what the whole is called
 * @param body - the first network
 * @param at - its layer that the second one reads
 * @param tail - the second network, which ends in a classifier; its input has that layer's shape
 * @returns both as one; taps are those of the body up to the layer, and the tail's
 * @throws Error where both own a parameter of one name (a bug)
 */
export function joinNetworks(model: string, body: Network, at: LayerIndex, tail: Network): Network {
  const rows = layerTable(tail).layers.map((row) => ({ ...row, inputs: row.inputs.map((from) => at + from) }));
  const kept = Object.entries(body.taps).filter(([, layer]) => layer <= at);
  const added = Object.entries(tail.taps).map(([tap, layer]) => [tap, at + layer] as const);
  const layers = [...layerTable(body).layers.slice(0, at), ...rows];
  return networkFrom(model, { layers, taps: Object.fromEntries([...kept, ...added]) }, body.input);
}

/**
 * Freezes parameters: training neither updates them nor lets them decay.
 *
 * @param network - whose parameters
 * @param names - of whole layers: weight and bias
 * @returns the network
 */
export function withFrozen(network: Network, names: Iterable<string>): Network {
  const frozen = new Set(names);
  const parameters = network.parameters.map((spec) => (frozen.has(spec.name) ? { ...spec, trained: false } : spec));
  return { ...network, parameters };
}
