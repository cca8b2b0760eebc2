import type { Layer, Network, StateDict } from '../../network/network.ts';
import type { Attribute, Initializer, NodeProto } from './model-proto.ts';

/** Operators and constants of a network. */
export interface Graph {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly Initializer[];
  /** Name of the tensor that holds the logits. */
  readonly logits: string;
}

type LayerOf<Kind extends Layer['kind']> = Extract<Layer, { readonly kind: Kind }>;

const ints = (...values: readonly number[]): Attribute => ({ ints: values });

/** A window's attributes; padding is the same on all four sides. */
const windowOf = ({ kernel, stride, padding }: Pick<LayerOf<'pool'>, 'kernel' | 'stride' | 'padding'>) => ({
  kernel_shape: ints(kernel, kernel),
  strides: ints(stride, stride),
  pads: ints(padding, padding, padding, padding),
});

/** Writes a network layer by layer; maps are [batch, channels, height, width]. */
class GraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: Initializer[] = [];
  readonly #model: string;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #state: StateDict;
  /** Name of each layer's tensor. */
  readonly #tensors: string[] = [];
  readonly #names = new Set<string>();

  constructor(network: Network, state: StateDict, image: string) {
    this.#model = network.model;
    this.#shapes = new Map(network.parameters.map(({ name, shape }) => [name, shape]));
    this.#state = state;
    this.#names.add(image);
    for (const layer of network.layers) this.#tensors.push(layer.kind === 'input' ? image : this.#write(layer));
  }

  /** The tensor that the network ends in. */
  get last(): string {
    return this.#tensors.at(-1) ?? '';
  }

  /** A name that nothing has yet: layers without parameters may be called the same. */
  #unique(wanted: string): string {
    let name = wanted;
    for (let more = 2; this.#names.has(name); more++) name = `${wanted}_${more}`;
    this.#names.add(name);
    return name;
  }

  #inputs(layer: Layer): readonly string[] {
    return layer.inputs.map((from) => this.#tensors[from] ?? '');
  }

  #node(operator: string, inputs: readonly string[], output: string, attributes?: NodeProto['attributes']): string {
    const name = this.#unique(output);
    this.nodes.push({ operator, inputs, output: name, ...(attributes && { attributes }) });
    return name;
  }

  /** A parameter under its name in the state dict. */
  #parameter(name: string): string {
    const [shape, values] = [this.#shapes.get(name), this.#state.get(name)];
    if (!shape || !values) throw new Error(`${this.#model} has no parameter ${name}`);
    return this.#constant(name, values, shape);
  }

  #constant(wanted: string, values: Float32Array | BigInt64Array, shape: readonly number[]): string {
    const name = this.#unique(wanted);
    this.initializers.push({ name, shape, values });
    return name;
  }

  #whole(wanted: string, values: readonly number[]): string {
    return this.#constant(wanted, BigInt64Array.from(values, BigInt), [values.length]);
  }

  #write(layer: Exclude<Layer, { readonly kind: 'input' }>): string {
    const { name } = layer;
    const inputs = this.#inputs(layer);
    switch (layer.kind) {
      case 'conv':
        return this.#conv(layer, inputs);
      case 'batch-norm': {
        const parameters = ['weight', 'bias', 'running_mean', 'running_var'].map((leaf) =>
          this.#parameter(`${name}.${leaf}`),
        );
        return this.#node('BatchNormalization', [...inputs, ...parameters], name, { epsilon: { float: layer.eps } });
      }
      case 'activation':
        return this.#activation(layer, inputs);
      case 'pool':
        return layer.mode === 'max'
          ? this.#node('MaxPool', inputs, name, windowOf(layer))
          : this.#node('AveragePool', inputs, name, {
              ...windowOf(layer),
              count_include_pad: { int: layer.countPadding ? 1 : 0 },
            });
      case 'global-average-pool':
        return this.#node('GlobalAveragePool', inputs, name);
      case 'linear':
        return this.#linear(layer, inputs);
      case 'add':
        return this.#node('Add', inputs, name);
      case 'multiply':
        return this.#node('Mul', inputs, name);
      case 'concat':
        return this.#concat(layer, inputs);
      case 'slice': {
        const [start, end] = [layer.from, layer.from + layer.shape.channels];
        const bounds = { starts: start, ends: end, axes: 1 };
        const places = Object.entries(bounds).map(([what, value]) => this.#whole(`${name}.${what}`, [value]));
        return this.#node('Slice', [...inputs, ...places], name);
      }
      // Nothing is left out when a network is used.
      case 'dropout':
      case 'stochastic-depth':
        return inputs[0] ?? '';
    }
  }

  #conv(layer: LayerOf<'conv'>, inputs: readonly string[]): string {
    const { name, bias, dilation, groups } = layer;
    const parameters = (bias ? ['weight', 'bias'] : ['weight']).map((leaf) => this.#parameter(`${name}.${leaf}`));
    const attributes = { ...windowOf(layer), dilations: ints(dilation, dilation), group: { int: groups } };
    return this.#node('Conv', [...inputs, ...parameters], name, attributes);
  }

  #activation({ name, function: fn }: LayerOf<'activation'>, inputs: readonly string[]): string {
    switch (fn) {
      case 'relu':
        return this.#node('Relu', inputs, name);
      case 'relu6': {
        const bounds = [0, 6].map((value) => this.#constant(`${name}.${value}`, Float32Array.of(value), []));
        return this.#node('Clip', [...inputs, ...bounds], name);
      }
      case 'sigmoid':
        return this.#node('Sigmoid', inputs, name);
      case 'hard-sigmoid':
        return this.#node('HardSigmoid', inputs, name, { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
      case 'silu':
        return this.#node('Mul', [...inputs, this.#node('Sigmoid', inputs, `${name}.sigmoid`)], name);
    }
  }

  /** A vector is [batch, features]. */
  #linear({ name }: LayerOf<'linear'>, inputs: readonly string[]): string {
    const rows = this.#node('Flatten', inputs, `${name}.input`, { axis: { int: 1 } });
    const parameters = ['weight', 'bias'].map((leaf) => this.#parameter(`${name}.${leaf}`));
    return this.#node('Gemm', [rows, ...parameters], name, { transB: { int: 1 } });
  }

  #concat({ name, shape, interleaved }: LayerOf<'concat'>, inputs: readonly string[]): string {
    const joined = this.#node('Concat', inputs, interleaved ? `${name}.joined` : name, { axis: { int: 1 } });
    if (!interleaved) return joined;
    const { height, width, channels } = shape;
    const parts = this.#whole(`${name}.parts`, [-1, inputs.length, channels / inputs.length, height, width]);
    const split = this.#node('Reshape', [joined, parts], `${name}.split`);
    const shuffled = this.#node('Transpose', [split], `${name}.shuffled`, { perm: ints(0, 2, 1, 3, 4) });
    return this.#node('Reshape', [shuffled, this.#whole(`${name}.shape`, [-1, channels, height, width])], name);
  }
}

/**
 * A network in evaluation mode as ONNX operators. Parameters have their names in the state dict.
 *
 * @param network - the network
 * @param state - its parameters and running statistics
 * @param image - name of the graph's input, [batch, 3, height, width]
 * @returns the graph
 */
export function graphOf(network: Network, state: StateDict, image: string): Graph {
  const { nodes, initializers, last } = new GraphWriter(network, state, image);
  return { nodes, initializers, logits: last };
}
