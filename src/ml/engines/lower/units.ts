import type {
  BatchNormLayer,
  ConvLayer,
  DropoutLayer,
  Layer,
  LayerIndex,
  LinearLayer,
  Network,
  PoolLayer,
} from '../../network/network.ts';

/** Activation codes of the primitives. */
export type ActivationCode = 0 | 1 | 2;

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
  | { readonly kind: 'activation'; readonly activation: ActivationCode }
  | { readonly kind: 'pool'; readonly layer: Pick<PoolLayer, 'mode' | 'kernel' | 'stride' | 'padding'> }
  | { readonly kind: 'dropout'; readonly layer: DropoutLayer }
);

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

function activationCode(layer: Layer | undefined): ActivationCode {
  if (layer?.kind !== 'activation') return 0;
  return layer.function === 'relu' ? 1 : layer.function === 'relu6' ? 2 : 0;
}

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

  /** The activation that alone reads `index`, if the kernels can append it. */
  #followingActivation(index: LayerIndex): { output: LayerIndex; activation: ActivationCode } {
    const next = this.#only.get(index);
    const activation = next === undefined ? 0 : activationCode(this.#network.layers[next]);
    if (next === undefined || !activation) return { output: index, activation: 0 };
    this.#taken.add(next);
    return { output: next, activation };
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
        if (layer.groups !== 1) throw unknownLayer(layer, `${layer.groups} groups`);
        if (layer.dilation !== 1) throw unknownLayer(layer, `dilation ${layer.dilation}`);
        return { kind: 'product', layer, input, output: index };
      case 'linear':
        return { kind: 'product', layer, input, output: index };
      case 'batch-norm': {
        const { output, residual } = this.#followingSum(index);
        return { kind: 'norm', layer, input, residual, ...this.#followingActivation(output) };
      }
      case 'add':
        return { kind: 'add', input, other, ...this.#followingActivation(index) };
      case 'pool':
        return { kind: 'pool', layer, input, output: index };
      case 'global-average-pool': {
        const { height, width } = this.#network.layers[input]?.shape ?? layer.shape;
        const kernel = Math.max(height, width);
        return { kind: 'pool', layer: { mode: 'average', kernel, stride: kernel, padding: 0 }, input, output: index };
      }
      case 'dropout':
        return { kind: 'dropout', layer, input, output: index };
      case 'activation':
        if (!activationCode(layer)) throw unknownLayer(layer, layer.function);
        return { kind: 'activation', activation: activationCode(layer), input, output: index };
      case 'input':
      case 'concat':
      case 'multiply':
      case 'stochastic-depth':
        throw unknownLayer(layer, layer.kind);
    }
  }
}

function unknownLayer(layer: Layer, what: string): Error {
  return new Error(`the engines do not know ${what} (${layer.name}) yet`);
}

/**
 * Groups layers into what the primitives compute at once: a batch norm takes in the residual sum and the activation
 * that follow it, so that neither is stored before or after.
 *
 * @param network - the network
 * @param wanted - layers whose own values the caller wants; nothing is grouped past them
 * @returns units in an order in which they can run
 * @throws Error for a layer that has no primitive
 */
export function unitsOf(network: Network, wanted: ReadonlySet<LayerIndex>): readonly Unit[] {
  return new Grouping(network, wanted).units;
}
