import { fail } from '../../core/failure.ts';
import type { Layer, LayerIndex, Network, Shape } from './network.ts';

/** The tap of the map that the class is read from. */
export const LAST_MAP = 'last-map';

/** The map that a network averages before it names a class. */
export interface LastMap {
  readonly layer: LayerIndex;
  readonly shape: Shape;
  /** Layers from the pooled features to the logits, each of which reads the one before it; those that only draw are left out. */
  readonly head: readonly Layer[];
}

const PASSES_THROUGH: ReadonlySet<Layer['kind']> = new Set(['dropout', 'stochastic-depth']);

/** Whether the layers from a place on are a chain. */
const areChained = (layers: readonly Layer[], start: number): boolean =>
  layers.slice(start).every(({ inputs }, at) => inputs.length === 1 && inputs[0] === start + at - 1);

function lastMapOf({ layers }: Network): LastMap | undefined {
  const pool = layers.findLastIndex(({ kind }) => kind === 'global-average-pool');
  const [layer = -1] = layers[pool]?.inputs ?? [];
  const map = layers[layer];
  if (!map || !areChained(layers, pool + 1)) return undefined;
  return { layer, shape: map.shape, head: layers.slice(pool + 1).filter(({ kind }) => !PASSES_THROUGH.has(kind)) };
}

/**
 * Finds the map that a network averages before it names a class.
 *
 * @param network - a classifier
 * @returns the map, and what lies behind its pool
 * @throws FailureError `no-last-map` where no chain of layers leads from a global average pool to the logits
 */
export function requireLastMap(network: Network): LastMap {
  return (
    lastMapOf(network) ??
    fail({
      code: 'no-last-map',
      message: `${network.model} does not average a last feature map before it names a class`,
      expected: 'a network with a global average pool, and layers in a row behind it',
    })
  );
}

/**
 * Names the last map, for whoever reads taps.
 *
 * @param network - a classifier
 * @returns the network with the tap {@link LAST_MAP}; as it is where it averages no map
 */
export function withLastMap(network: Network): Network {
  const last = lastMapOf(network);
  return last ? { ...network, taps: { ...network.taps, [LAST_MAP]: last.layer } } : network;
}
