import { fail } from '../../core/failure.ts';
import type { ActivationLayer, Layer, LayerIndex, Network, ParameterSpec, PoolLayer, Role, Shape } from './network.ts';

/** What a table row says of a convolution. Padding is (kernel − 1) / 2 by default. */
export interface ConvOptions {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** What a table row says of a pooling window. Stride is the kernel, padding 0 by default. */
export interface PoolOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  /** Whether padding counts in an average; not by default. */
  readonly countPadding?: boolean;
}

/** The linear layer of a classifier. */
export interface Head {
  /** Its PyTorch name. */
  readonly name: string;
  readonly classes: number;
  /** Rate of the dropout before it; none by default. */
  readonly dropout?: number;
}

/** A layer that has not been placed yet. */
type Unplaced = Layer extends infer L ? (L extends Layer ? Omit<L, 'inputs' | 'shape'> : never) : never;

/**
 * Builds a network layer by layer; methods return the new layer's index. Shapes follow PyTorch's arithmetic, parameters
 * are registered in the order of the calls, which is PyTorch's if layers are added in the order of the modules.
 */
export class NetworkBuilder {
  /** The image. */
  readonly image: LayerIndex = 0;
  readonly #model: string;
  readonly #layers: Layer[];
  readonly #parameters: ParameterSpec[] = [];
  readonly #taps: Record<string, LayerIndex> = {};

  /**
   * @param model - name in the registry
   * @param input - shape of one image
   * @param differentiable - whether the gradient of the input is wanted: no image's is
   */
  constructor(model: string, input: Shape, differentiable = false) {
    this.#model = model;
    this.#layers = [{ kind: 'input', name: 'input', inputs: [], shape: input, differentiable }];
  }

  shape(layer: LayerIndex): Shape {
    const shape = this.#layers[layer]?.shape;
    if (!shape) throw new Error(`no layer ${layer} in ${this.#model}`);
    return shape;
  }

  /** What a layer reads: the first of its inputs. */
  read(layer: LayerIndex): LayerIndex {
    const [input] = this.#layers[layer]?.inputs ?? [];
    if (input === undefined) throw new Error(`layer ${layer} of ${this.#model} reads nothing`);
    return input;
  }

  #add(layer: Unplaced, inputs: readonly LayerIndex[], shape: Shape): LayerIndex {
    return this.#layers.push({ ...layer, inputs, shape }) - 1;
  }

  #register(name: string, role: Role, shape: readonly number[]): void {
    if (this.#parameters.some((known) => known.name === name))
      throw new Error(`${this.#model}: two layers own ${name}`);
    this.#parameters.push({ name, role, shape, trained: role !== 'bn.mean' && role !== 'bn.var' });
  }

  /** Output size of a sliding window along both axes; a window larger than its image is a `Failure`. */
  #slide(from: Shape, window: { kernel: number; stride: number; padding: number }): Pick<Shape, 'height' | 'width'> {
    const along = (size: number): number => Math.floor((size + 2 * window.padding - window.kernel) / window.stride) + 1;
    const [height, width] = [along(from.height), along(from.width)];
    if (height < 1 || width < 1) {
      const { shape } = this.#layers[0] ?? { shape: from };
      fail({
        code: 'image-too-small',
        message: `${this.#model} cannot take ${shape.height}×${shape.width} images`,
        fix: 'raise image_size',
      });
    }
    return { height, width };
  }

  /** Convolution `<name>.weight` (and `.bias`). */
  conv(name: string, from: LayerIndex, options: ConvOptions): LayerIndex {
    const { channels: outChannels, kernel, stride = 1, groups = 1, bias = false } = options;
    const padding = options.padding ?? (kernel - 1) >> 1;
    const input = this.shape(from);
    if (input.channels % groups || outChannels % groups)
      throw new Error(`${this.#model}: ${name} cannot part ${input.channels} → ${outChannels} channels in ${groups}`);
    this.#register(`${name}.weight`, 'conv.weight', [outChannels, input.channels / groups, kernel, kernel]);
    if (bias) this.#register(`${name}.bias`, 'conv.bias', [outChannels]);
    const window = { kernel, stride, padding, dilation: 1, groups };
    const layer = { kind: 'conv', name, inChannels: input.channels, outChannels, bias, ...window } as const;
    return this.#add(layer, [from], { ...this.#slide(input, window), channels: outChannels });
  }

  /** Batch norm with PyTorch's ε and momentum. */
  batchNorm(name: string, from: LayerIndex, options: { eps?: number; momentum?: number } = {}): LayerIndex {
    const shape = this.shape(from);
    const rows = { weight: 'bn.weight', bias: 'bn.bias', running_mean: 'bn.mean', running_var: 'bn.var' } as const;
    for (const [leaf, role] of Object.entries(rows)) this.#register(`${name}.${leaf}`, role, [shape.channels]);
    const { eps = 1e-5, momentum = 0.1 } = options;
    return this.#add({ kind: 'batch-norm', name, eps, momentum }, [from], shape);
  }

  activation(name: string, from: LayerIndex, fn: ActivationLayer['function'] = 'relu'): LayerIndex {
    return this.#add({ kind: 'activation', name, function: fn }, [from], this.shape(from));
  }

  /** Two layers of equal shape, or a bug of the model's table. */
  #requireEqual(name: string, a: LayerIndex, b: LayerIndex): void {
    const [left, right] = [a, b].map((layer) => Object.values(this.shape(layer)).join('×'));
    if (left !== right) throw new Error(`${this.#model}: ${name} takes ${left} and ${right}`);
  }

  add(name: string, a: LayerIndex, b: LayerIndex): LayerIndex {
    this.#requireEqual(name, a, b);
    return this.#add({ kind: 'add', name }, [a, b], this.shape(a));
  }

  /** Product of a feature map and, for every channel, one factor (squeeze-excite) or one a pixel. */
  multiply(name: string, map: LayerIndex, factor: LayerIndex): LayerIndex {
    const [a, b] = [this.shape(map), this.shape(factor)];
    const gate = b.height === 1 && b.width === 1 && b.channels === a.channels;
    if (!gate) this.#requireEqual(name, map, factor);
    return this.#add({ kind: 'multiply', name }, [map, factor], a);
  }

  /** Joins maps of one size: the first map's channels first, or `interleaved`, one channel of each in turn. */
  concat(
    name: string,
    parts: readonly [LayerIndex, ...LayerIndex[]],
    { interleaved = false }: { readonly interleaved?: boolean } = {},
  ): LayerIndex {
    const shapes = parts.map((part) => this.shape(part));
    const first = this.shape(parts[0]);
    const { height, width } = first;
    if (shapes.some((shape) => shape.height !== height || shape.width !== width))
      throw new Error(`${this.#model}: ${name} joins maps of different sizes`);
    if (interleaved && shapes.some((shape) => shape.channels !== first.channels))
      throw new Error(`${this.#model}: ${name} interleaves different numbers of channels`);
    const channels = shapes.reduce((sum, shape) => sum + shape.channels, 0);
    return this.#add({ kind: 'concat', name, interleaved }, parts, { height, width, channels });
  }

  /** Takes `channels` channels, the first of which is `start`. */
  slice(
    name: string,
    from: LayerIndex,
    { start, channels }: { readonly start: number; readonly channels: number },
  ): LayerIndex {
    const shape = this.shape(from);
    if (start < 0 || channels < 1 || start + channels > shape.channels)
      throw new Error(`${this.#model}: ${name} takes channels ${start} to ${start + channels} of ${shape.channels}`);
    return this.#add({ kind: 'slice', name, from: start }, [from], { ...shape, channels });
  }

  pool(name: string, from: LayerIndex, mode: PoolLayer['mode'], options: PoolOptions): LayerIndex {
    const { kernel, stride = kernel, padding = 0, countPadding = false } = options;
    const window = { kernel, stride, padding };
    const input = this.shape(from);
    const shape = { ...this.#slide(input, window), channels: input.channels };
    return this.#add({ kind: 'pool', name, mode, ...window, countPadding }, [from], shape);
  }

  globalAveragePool(name: string, from: LayerIndex): LayerIndex {
    const { channels } = this.shape(from);
    return this.#add({ kind: 'global-average-pool', name }, [from], { height: 1, width: 1, channels });
  }

  dropout(name: string, from: LayerIndex, rate: number): LayerIndex {
    return this.#add({ kind: 'dropout', name, rate }, [from], this.shape(from));
  }

  stochasticDepth(name: string, from: LayerIndex, rate: number): LayerIndex {
    return this.#add({ kind: 'stochastic-depth', name, rate }, [from], this.shape(from));
  }

  linear(name: string, from: LayerIndex, outFeatures: number): LayerIndex {
    const { height, width, channels: inFeatures } = this.shape(from);
    if (height * width > 1) throw new Error(`${this.#model}: ${name} takes one pixel, not ${height}×${width}`);
    this.#register(`${name}.weight`, 'linear.weight', [outFeatures, inFeatures]);
    this.#register(`${name}.bias`, 'linear.bias', [outFeatures]);
    const layer = { kind: 'linear', name, inFeatures, outFeatures, bias: true } as const;
    return this.#add(layer, [from], { height: 1, width: 1, channels: outFeatures });
  }

  /** Names a layer for distillation. */
  tap(name: string, layer: LayerIndex): LayerIndex {
    this.#taps[name] = layer;
    return layer;
  }

  /**
   * Ends a classifier: global average pool, then its head.
   *
   * @param from - last feature map
   * @param head - see {@link Head}
   * @returns the finished network
   */
  classifier(from: LayerIndex, head: Head): Network {
    return this.head(this.globalAveragePool('pool', from), head);
  }

  /**
   * Ends a classifier whose features are one pixel already: dropout, linear layer (tap `logits`).
   *
   * @param pooled - the features, tap `pooled`
   * @param head - see {@link Head}
   * @returns the finished network
   */
  head(pooled: LayerIndex, { name, classes, dropout = 0 }: Head): Network {
    this.tap('pooled', pooled);
    const features = dropout ? this.dropout('dropout', pooled, dropout) : pooled;
    return this.ending(this.tap('logits', this.linear(name, features, classes)));
  }

  /**
   * Ends a network of any other form: an adapter's output is a map.
   *
   * @param last - the layer that was added last; what engines call its logits
   * @returns the finished network
   */
  ending(last: LayerIndex): Network {
    return {
      model: this.#model,
      input: this.shape(this.image),
      classes: this.shape(last).channels,
      layers: this.#layers,
      parameters: this.#parameters,
      taps: this.#taps,
    };
  }
}
