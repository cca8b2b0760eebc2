import { ACTIVATIONS } from '../../engines/primitives.ts';
import { Graph, type Tensor } from '../../engines/tensorflow/graph.ts';
import { activate } from '../../engines/tensorflow/primitives/activations.ts';
import { convolve } from '../../engines/tensorflow/primitives/convolution.ts';
import type { Window } from '../../engines/tensorflow/primitives/maps.ts';
import { averagePool, maxPool } from '../../engines/tensorflow/primitives/pooling.ts';
import type { NodeDef } from '../../engines/tensorflow/proto.ts';
import type { Layer, Network, Shape, StateDict } from '../../network/network.ts';
import { at } from '../../../util/at.ts';

type LayerOf<Kind extends Layer['kind']> = Extract<Layer, { readonly kind: Kind }>;

/** As many images as come. */
const ANY = -1;

/** Channels last. */
const mapShape = ({ height, width, channels }: Shape): readonly number[] => [ANY, height, width, channels];

/** Reorders a filter, OIHW, to HWIO. */
function filterFrom(values: Float32Array, [outputs = 1, inputs = 1, kernel = 1]: readonly number[]): Float32Array {
  const area = kernel ** 2;
  const filter = new Float32Array(values.length);
  for (let out = 0; out < outputs; out++)
    for (let from = 0; from < inputs; from++)
      for (let tap = 0; tap < area; tap++)
        filter[(tap * inputs + from) * outputs + out] = values[(out * inputs + from) * area + tap] ?? NaN;
  return filter;
}

/** Writes a network layer by layer as TensorFlow's operations; maps are [batch, height, width, channels]. */
class GraphWriter {
  readonly graph = new Graph();
  readonly #network: Network;
  readonly #state: StateDict;
  readonly #tensors: Tensor[] = [];

  constructor(network: Network, state: StateDict, image: string) {
    this.#network = network;
    this.#state = state;
    for (const layer of network.layers)
      this.#tensors.push(layer.kind === 'input' ? this.#placeholder(layer, image) : this.#write(layer));
  }

  /** Gives the last tensor a name. */
  end(name: string): void {
    const { shape } = this.#network.layers.at(-1) ?? { shape: this.#network.input };
    const last = at(this.#tensors, this.#tensors.length - 1);
    const attributes = { T: { type: 'float' } } as const;
    this.graph.node('Identity', [last], { name, shape: [ANY, shape.channels], attributes });
  }

  #placeholder({ shape }: LayerOf<'input'>, name: string): Tensor {
    const maps = mapShape(shape);
    const attributes = { dtype: { type: 'float' }, shape: { shape: maps } } as const;
    return this.graph.node('Placeholder', [], { name, shape: maps, attributes });
  }

  #values(name: string): { readonly values: Float32Array; readonly shape: readonly number[] } {
    const values = this.#state.get(name);
    const spec = this.#network.parameters.find((one) => one.name === name);
    if (!values || !spec) throw new Error(`${this.#network.model} has no parameter ${name}`);
    return { values, shape: spec.shape };
  }

  /** A vector under its name in the state dict. */
  #vector(name: string): Tensor {
    const { values, shape } = this.#values(name);
    return this.graph.constant(values, shape, name);
  }

  #write(layer: Exclude<Layer, { readonly kind: 'input' }>): Tensor {
    const { graph } = this;
    const inputs = layer.inputs.map((from) => at(this.#tensors, from));
    const x = at(inputs, 0);
    switch (layer.kind) {
      case 'conv':
        return this.#conv(layer, x);
      case 'batch-norm':
        return this.#batchNorm(layer, x);
      case 'activation':
        return activate(graph, x, ACTIVATIONS[layer.function]);
      case 'pool': {
        const window = this.#window(layer);
        if (layer.mode === 'max') return maxPool(graph, x, window);
        return averagePool(graph, x, { ...window, countPadding: layer.countPadding ? 1 : 0 });
      }
      case 'global-average-pool':
        return graph.reshape(graph.reduce('Mean', x, [1, 2]), mapShape(layer.shape));
      case 'linear':
        return this.#linear(layer, x);
      case 'add':
        return graph.add(x, at(inputs, 1));
      case 'multiply':
        return graph.mul(x, at(inputs, 1));
      case 'concat':
        return this.#concat(layer, inputs);
      case 'slice':
        return graph.slice(x, [0, 0, 0, layer.from], mapShape(layer.shape));
      // Nothing is left out when a network is used.
      case 'dropout':
      case 'stochastic-depth':
        return x;
    }
  }

  #window(layer: LayerOf<'conv'> | LayerOf<'pool'>): Window {
    const input = this.#network.layers[layer.inputs[0] ?? 0]?.shape ?? layer.shape;
    const { kernel, stride, padding, shape } = layer;
    return { batch: ANY, ...input, outHeight: shape.height, outWidth: shape.width, kernel, stride, padding };
  }

  /** TensorFlow.js has no convolution in groups but the depthwise one. */
  #conv(layer: LayerOf<'conv'>, x: Tensor): Tensor {
    const { graph } = this;
    const { name, groups, dilation, inChannels, outChannels, kernel, bias } = layer;
    const { values, shape } = this.#values(`${name}.weight`);
    const window = this.#window(layer);
    const sums = (): Tensor => {
      const depthwise = groups === inChannels && outChannels === inChannels && groups > 1;
      if (depthwise || groups === 1) {
        // One filter of a depthwise convolution stands for each channel: [1, channels, kernel, kernel].
        const filters = depthwise ? [1, outChannels, kernel] : shape;
        const ordered = filterFrom(values, filters);
        const [outputs = 1, inputs = 1] = filters;
        const filter = graph.constant(ordered, [kernel, kernel, inputs, outputs], `${name}.weight`);
        return convolve(graph, x, filter, { window, dilation, depthwise });
      }
      const [inputs, outputs] = [inChannels / groups, outChannels / groups];
      const parts = graph.split(x, groups, 3).map((part, group) => {
        const own = values.subarray(
          group * outputs * inputs * kernel ** 2,
          (group + 1) * outputs * inputs * kernel ** 2,
        );
        const ordered = filterFrom(own, [outputs, inputs, kernel]);
        const filter = graph.constant(ordered, [kernel, kernel, inputs, outputs], `${name}.weight.${group}`);
        return convolve(graph, part, filter, { window: { ...window, channels: inputs }, dilation, depthwise: false });
      });
      return graph.concat(parts, 3);
    };
    return bias ? graph.add(sums(), this.#vector(`${name}.bias`)) : sums();
  }

  #batchNorm({ name, eps }: LayerOf<'batch-norm'>, x: Tensor): Tensor {
    const leaves = ['weight', 'bias', 'running_mean', 'running_var'];
    return this.graph.typed(
      'FusedBatchNormV3',
      [x, ...leaves.map((leaf) => this.#vector(`${name}.${leaf}`))],
      x.shape,
      {
        U: { type: 'float' },
        epsilon: { float: eps },
        data_format: { text: 'NHWC' },
        is_training: { bool: false },
      },
    );
  }

  #linear({ name, inFeatures }: LayerOf<'linear'>, x: Tensor): Tensor {
    const { graph } = this;
    const { values, shape } = this.#values(`${name}.weight`);
    const weight = graph.constant(values, shape, `${name}.weight`);
    const product = graph.product(graph.reshape(x, [ANY, inFeatures]), weight, { turnB: true });
    return graph.add(product, this.#vector(`${name}.bias`));
  }

  #concat({ shape, interleaved }: LayerOf<'concat'>, inputs: readonly Tensor[]): Tensor {
    const { graph } = this;
    const joined = graph.concat(inputs, 3);
    if (!interleaved) return joined;
    const { height, width, channels } = shape;
    const parts = graph.reshape(joined, [ANY, height, width, inputs.length, channels / inputs.length]);
    return graph.reshape(graph.transpose(parts, [0, 1, 2, 4, 3]), mapShape(shape));
  }
}

/** Names of a graph's ends. */
export interface Ends {
  /** Normalised images, float32 [batch, height, width, 3]. */
  readonly image: string;
  /** float32 [batch, classes]. */
  readonly logits: string;
}

/**
 * A network in evaluation mode as TensorFlow's operations, those that TensorFlow.js has. Constants have the names of the state dict.
 *
 * @param network - the network
 * @param state - its parameters and running statistics
 * @param ends - names of what goes in and comes out
 * @returns the nodes
 */
export function graphNodes(network: Network, state: StateDict, ends: Ends): readonly NodeDef[] {
  const writer = new GraphWriter(network, state, ends.image);
  writer.end(ends.logits);
  return writer.graph.nodes;
}
