import type {
  BatchNormLayer,
  ConcatLayer,
  ConvLayer,
  DropoutLayer,
  Layer,
  LayerIndex,
  LinearLayer,
  Network,
  PoolLayer,
  SliceLayer,
  StochasticDepthLayer,
} from '../../network/network.ts';
import { ACTIVATIONS, type ActivationCode } from '../primitives.ts';

/** Layers that are computed together; `output` is the last of them. */
export type Unit = { readonly output: LayerIndex; readonly input: LayerIndex } & (
  | { readonly kind: 'product'; readonly layer: ConvLayer | LinearLayer }
  /** Batch norm with the residual sum and the activation that follow it. */
  | {
      readonly kind: 'norm';
      readonly layer: BatchNormLayer;
      readonly residual: LayerIndex | null;
      readonly activation: ActivationCode;
    }
  | { readonly kind: 'add'; readonly other: LayerIndex; readonly activation: ActivationCode }
  | { readonly kind: 'multiply'; readonly other: LayerIndex }
  | { readonly kind: 'concat'; readonly inputs: readonly LayerIndex[]; readonly layer: ConcatLayer }
  | { readonly kind: 'slice'; readonly layer: SliceLayer }
  | { readonly kind: 'activation'; readonly activation: ActivationCode }
  | { readonly kind: 'pool'; readonly layer: Omit<PoolLayer, 'kind' | 'name' | 'inputs' | 'shape'> }
  | { readonly kind: 'dropout'; readonly layer: DropoutLayer }
  | { readonly kind: 'stochastic-depth'; readonly layer: StochasticDepthLayer }
);

/**
 * Layers whose values a unit reads.
 *
 * @param unit - the unit
 * @returns their indices, the main input first
 */
export function readBy(unit: Unit): readonly LayerIndex[] {
  if (unit.kind === 'concat') return unit.inputs;
  if (unit.kind === 'add' || unit.kind === 'multiply') return [unit.input, unit.other];
  return unit.kind === 'norm' && unit.residual !== null ? [unit.input, unit.residual] : [unit.input];
}

/** A unit of one kind. */
export type UnitOf<Kind extends Unit['kind']> = Extract<Unit, { kind: Kind }>;

/** The only reader of each layer that has one reader and is not wanted by the caller. */
function onlyReaders(network: Network, wanted: ReadonlySet<LayerIndex>): Map<LayerIndex, LayerIndex> {
  const readers = new Map<LayerIndex, LayerIndex[]>();
  network.layers.forEach((layer, index) => {
    for (const input of layer.inputs) readers.set(input, [...(readers.get(input) ?? []), index]);
  });
  const only = new Map<LayerIndex, LayerIndex>();
  for (const [layer, [first, ...more]] of readers)
    if (first !== undefined && !more.length && !wanted.has(layer)) only.set(layer, first);
  return only;
}

/** Activations whose slope can be read from their result: what is added before them need not be kept. */
const REVERSIBLE: readonly ActivationCode[] = [ACTIVATIONS.relu, ACTIVATIONS.relu6];
const ALL: readonly ActivationCode[] = Object.values(ACTIVATIONS);

/** Groups a network's layers into units. */
class Grouping {
  readonly units: Unit[] = [];
  readonly #network: Network;
  readonly #only: Map<LayerIndex, LayerIndex>;
  /** Layers that an earlier unit has taken in. */
  readonly #taken = new Set<LayerIndex>();

  constructor(network: Network, wanted: ReadonlySet<LayerIndex>) {
    this.#network = network;
    this.#only = onlyReaders(network, wanted);
    network.layers.forEach((layer, index) => {
      if (layer.kind !== 'input' && !this.#taken.has(index)) this.units.push(this.#unit(layer, index));
    });
    this.units.sort((a, b) => a.output - b.output);
  }

  /** The activation that alone reads `index`, if it is one of `appendable`. */
  #followingActivation(
    index: LayerIndex,
    appendable: readonly ActivationCode[],
  ): { output: LayerIndex; activation: ActivationCode } {
    const next = this.#only.get(index);
    const layer = next === undefined ? undefined : this.#network.layers[next];
    if (next === undefined || layer?.kind !== 'activation' || !appendable.includes(ACTIVATIONS[layer.function]))
      return { output: index, activation: ACTIVATIONS.none };
    this.#taken.add(next);
    return { output: next, activation: ACTIVATIONS[layer.function] };
  }

  /** The sum that alone reads `index`, unless the other branch has taken it. */
  #followingSum(index: LayerIndex): { output: LayerIndex; residual: LayerIndex | null } {
    const next = this.#only.get(index);
    const layer = next === undefined ? undefined : this.#network.layers[next];
    const residual = layer?.inputs.find((input) => input !== index);
    if (next === undefined || layer?.kind !== 'add' || residual === undefined || this.#taken.has(next))
      return { output: index, residual: null };
    this.#taken.add(next);
    return { output: next, residual };
  }

  #unit(layer: Layer, index: LayerIndex): Unit {
    const [input = 0, other = 0] = layer.inputs;
    switch (layer.kind) {
      case 'conv':
      case 'linear':
        return { kind: 'product', layer, input, output: index };
      case 'batch-norm': {
        const { output, residual } = this.#followingSum(index);
        const appendable = residual === null ? ALL : REVERSIBLE;
        return { kind: 'norm', layer, input, residual, ...this.#followingActivation(output, appendable) };
      }
      case 'add':
        return { kind: 'add', input, other, ...this.#followingActivation(index, REVERSIBLE) };
      case 'multiply':
        return { kind: 'multiply', input, other, output: index };
      case 'concat':
        return { kind: 'concat', layer, input, inputs: layer.inputs, output: index };
      case 'slice':
        return { kind: 'slice', layer, input, output: index };
      case 'pool':
        return { kind: 'pool', layer, input, output: index };
      case 'global-average-pool': {
        const { height, width } = this.#network.layers[input]?.shape ?? layer.shape;
        const kernel = Math.max(height, width);
        return {
          kind: 'pool',
          layer: { mode: 'average', kernel, stride: kernel, padding: 0, countPadding: false },
          input,
          output: index,
        };
      }
      case 'dropout':
        return { kind: 'dropout', layer, input, output: index };
      case 'stochastic-depth':
        return { kind: 'stochastic-depth', layer, input, output: index };
      case 'activation':
        return { kind: 'activation', activation: ACTIVATIONS[layer.function], input, output: index };
      case 'input':
        throw new Error(`${this.#network.model} has a second input`);
    }
  }
}

/**
 * Groups layers into what the primitives compute at once: a batch norm takes in the residual sum and the activation
 * that follow it, so that neither is stored before or after.
 *
 * @param network - the network
 * @param wanted - layers whose own values the caller wants; nothing is grouped past them
 * @returns units in an order in which they can run
 */
export function unitsOf(network: Network, wanted: ReadonlySet<LayerIndex>): readonly Unit[] {
  return new Grouping(network, wanted).units;
}
