import type { LayerIndex, Layer, Network } from '../../network/network.ts';
import { layoutOf, strideOf, type Layout } from '../layout.ts';
import { planBuffers } from '../plan.ts';
import type { Numbers, Operands, PrimitiveName } from '../primitives.ts';
import type { Operation, Port, Program, Ref, Section } from '../program.ts';
import type { Target } from '../target.ts';
import type { Unit } from './units.ts';

type Copy = Numbers<'copy-channels'>;

/** Collects the operations, buffers and ports of a program. */
export class Emitter {
  readonly network: Network;
  readonly batch: number;
  readonly target: Target;
  readonly layout: Layout;
  /** Value of each layer that has been computed. */
  readonly values = new Map<LayerIndex, Ref>();
  section: Section = 'forward';
  readonly #sections: Record<Section, Operation[]> = { forward: [], backward: [], update: [] };
  readonly #sizes: number[] = [];
  readonly #ports: Record<string, Port> = {};

  constructor(network: Network, { batch, target }: { readonly batch: number; readonly target: Target }) {
    this.network = network;
    this.batch = batch;
    this.target = target;
    this.layout = layoutOf(network, target);
  }

  /**
   * Adds an operation to the current section.
   *
   * @param primitive - which
   * @param operands - where its arrays lie
   * @param numbers - sizes and constants
   */
  emit<P extends PrimitiveName>(primitive: P, operands: Operands<P, Ref>, numbers: Numbers<P>): void {
    const operation: Operation<P> = { primitive, operands, numbers };
    // One of all operations: the compiler does not see through the name that is still open.
    this.#sections[this.section].push(operation as Operation);
  }

  /** A new buffer of the step's memory. */
  buffer(floats: number): Ref {
    return { space: 'step', buffer: this.#sizes.push(floats) - 1 };
  }

  /** A new buffer, or none for 0 floats. */
  scratch(floats: number): Ref | null {
    return floats ? this.buffer(floats) : null;
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

  value(index: LayerIndex): Ref {
    const ref = this.values.get(index);
    if (!ref) throw new Error(`layer ${index} is read before it is computed`);
    return ref;
  }

  /** A dense array, without padded channels, of a layer's shape. */
  dense(name: string, layer: LayerIndex, direction: Port['direction']): Ref {
    const floats = this.extent(layer).rows * this.layer(layer).shape.channels;
    return this.port(name, this.buffer(floats), floats, direction);
  }

  /** Lets the caller see a buffer. */
  port(name: string, ref: Ref, floats: number, direction: Port['direction']): Ref {
    if (ref.space !== 'step') throw new Error(`port ${name} must lie in the step's memory`);
    this.#ports[name] = { buffer: ref.buffer, floats, direction };
    return ref;
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

  /** Lets the caller read a layer's value, dense: the value itself where no channel is padding. */
  reveal(name: string, layer: LayerIndex): void {
    const { stride, count } = this.extent(layer);
    if (stride === this.layer(layer).shape.channels) this.port(name, this.value(layer), count, 'out');
    else this.repack(layer, this.value(layer), this.dense(name, layer, 'out'), { to: 'dense' });
  }

  /** Plans memory over all sections. */
  program(): Program {
    const { forward, backward, update } = this.#sections;
    const pinned = new Set(Object.values(this.#ports).map((port) => port.buffer));
    const plan = planBuffers(this.#sizes, [...forward, ...backward, ...update], pinned, this.target.line);
    return { ...plan, sections: this.#sections, ports: this.#ports };
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
  return {
    batch: emitter.batch,
    height: from.height,
    width: from.width,
    channels: strideOf(emitter.network, unit.input, emitter.target),
    outHeight: to.height,
    outWidth: to.width,
    kernel: window.kernel,
    stride: window.stride,
    padding: window.padding,
  };
}
