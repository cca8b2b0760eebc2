import type { LayerIndex, Layer, Network } from '../../network/network.ts';
import { layoutOf, strideOf, type Layout } from '../layout.ts';
import { ACTIVATIONS, type ActivationCode, type Numbers } from '../primitives.ts';
import type { Port, Ref, Section } from '../program.ts';
import type { Target } from '../target.ts';
import { ProgramBuilder } from './program-builder.ts';
import type { Unit } from './units.ts';

type Copy = Numbers<'copy-channels'>;

/** What a batch norm saved, scale and shift first, and the activation behind it. */
interface InputNorm {
  readonly saved: Ref;
  readonly activation: ActivationCode;
}

/** Collects the program of a network. */
export class Emitter extends ProgramBuilder<Section> {
  readonly network: Network;
  readonly batch: number;
  readonly layout: Layout;
  /** Pixels of zeros around the images in memory. */
  border = 0;
  /** Where the values of some layers are to go. */
  readonly placed = new Map<LayerIndex, Ref>();
  /** Outputs of batch norms that are not written: the product that reads one makes it of the norm's input. */
  unwritten: ReadonlySet<LayerIndex> = new Set();
  /** What their readers want of these norms. */
  readonly inputNorms = new Map<LayerIndex, InputNorm>();
  /** Value of each layer that has been computed; of a norm that is not written, its input. */
  readonly values = new Map<LayerIndex, Ref>();

  constructor(network: Network, { batch, target }: { readonly batch: number; readonly target: Target }) {
    super(target, ['forward', 'backward', 'update']);
    this.network = network;
    this.batch = batch;
    this.layout = layoutOf(network, target);
  }

  layer(index: LayerIndex): Layer {
    const layer = this.network.layers[index];
    if (!layer) throw new Error(`no layer ${index}`);
    return layer;
  }

  /** Pixels of a layer's output in the whole batch, channels per pixel in memory, and their product. */
  extent(index: LayerIndex): { readonly rows: number; readonly stride: number; readonly count: number } {
    const { height, width } = this.layer(index).shape;
    const rows = this.batch * height * width;
    const stride = strideOf(this.network, index, this.target);
    return { rows, stride, count: rows * stride };
  }

  /** A buffer for a layer's value or its gradient. */
  like(index: LayerIndex): Ref {
    return this.buffer(this.extent(index).count);
  }

  /** Where a layer's value is computed. */
  room(index: LayerIndex): Ref {
    return this.placed.get(index) ?? this.like(index);
  }

  value(index: LayerIndex): Ref {
    const ref = this.values.get(index);
    if (!ref) throw new Error(`layer ${index} is read before it is computed`);
    return ref;
  }

  /** How a product reads a layer: through the batch norm that made it, where that has not been written. */
  reading(index: LayerIndex): { operands: { inputNorm: Ref | null }; numbers: { inputActivation: ActivationCode } } {
    const { saved = null, activation = ACTIVATIONS.none } = this.inputNorms.get(index) ?? {};
    return { operands: { inputNorm: saved }, numbers: { inputActivation: activation } };
  }

  /** A dense array, without padded channels, of a layer's shape. */
  dense(name: string, layer: LayerIndex, direction: Port['direction']): Ref {
    const floats = this.extent(layer).rows * this.layer(layer).shape.channels;
    return this.port(name, this.buffer(floats), floats, direction);
  }

  /** Copies channels: the first ones, in a row, overwriting what is there, by default. */
  copyChannels(
    { x, y }: { readonly x: Ref; readonly y: Ref },
    numbers: Pick<Copy, 'rows' | 'channels' | 'fromStride' | 'toStride'> & Partial<Copy>,
  ): void {
    this.emit('copy-channels', { x, y }, { from: 0, to: 0, fromStep: 1, toStep: 1, accumulate: 0, ...numbers });
  }

  /** Copies dense rows to padded ones (`in`), or back (`out`). */
  repack(
    layer: LayerIndex,
    from: Ref,
    to: Ref,
    options: { readonly to: 'padded' | 'dense'; readonly add?: boolean },
  ): void {
    const { rows, stride } = this.extent(layer);
    const { channels } = this.layer(layer).shape;
    const [fromStride, toStride] = options.to === 'padded' ? [channels, stride] : [stride, channels];
    this.copyChannels({ x: from, y: to }, { rows, channels, fromStride, toStride, accumulate: options.add ? 1 : 0 });
  }

  /** Whether a layer's rows have no padded channels: in memory they are as the caller has them. */
  isDense(layer: LayerIndex): boolean {
    return this.extent(layer).stride === this.layer(layer).shape.channels;
  }

  /** Sees to it that a layer's value, dense, lies at a place. */
  deliver(layer: LayerIndex, to: Ref): void {
    if (this.value(layer) !== to) this.repack(layer, this.value(layer), to, { to: 'dense' });
  }

  /** Lets the caller read something of a layer's shape, dense: the thing itself where no channel is padding. */
  reveal(name: string, layer: LayerIndex, ref: Ref): void {
    if (this.isDense(layer)) this.port(name, ref, this.extent(layer).count, 'out');
    else this.repack(layer, ref, this.dense(name, layer, 'out'), { to: 'dense' });
  }
}

/**
 * Numbers of a convolution (a linear layer is a 1×1 one on a 1×1 map) or of a pooling window.
 *
 * @param emitter - knows the shapes
 * @param unit - the product or pool
 * @returns the fields that the primitives of either family share
 */
export function windowOf(emitter: Emitter, unit: Extract<Unit, { kind: 'product' | 'pool' }>): Numbers<'max-pool'> {
  const { layer } = unit;
  const window = 'kernel' in layer ? layer : { kernel: 1, stride: 1, padding: 0 };
  const from = emitter.layer(unit.input).shape;
  const to = emitter.layer(unit.output).shape;
  const border = unit.input === 0 ? emitter.border : 0;
  return {
    batch: emitter.batch,
    height: from.height + 2 * border,
    width: from.width + 2 * border,
    channels: strideOf(emitter.network, unit.input, emitter.target),
    outHeight: to.height,
    outWidth: to.width,
    kernel: window.kernel,
    stride: window.stride,
    padding: window.padding - border,
  };
}

/**
 * Numbers of an average pool.
 *
 * @param emitter - knows the shapes
 * @param unit - the pool
 * @returns its window, and whether padding counts
 */
export function averageOf(emitter: Emitter, unit: Extract<Unit, { kind: 'pool' }>): Numbers<'average-pool'> {
  return { ...windowOf(emitter, unit), countPadding: unit.layer.countPadding ? 1 : 0 };
}
