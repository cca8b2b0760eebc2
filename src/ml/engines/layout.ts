import { at } from '../../util/at.ts';
import type { ConvLayer, LayerIndex, LinearLayer, Network, ParameterSpec } from '../network/network.ts';
import type { Ref } from './program.ts';
import { roundUp, type Target } from './target.ts';

/** Whether only convolutions read a layer: they alone let their input's stride differ from their output's. */
const isConvolved = (network: Network, index: LayerIndex): boolean =>
  network.layers.every((layer) => layer.kind === 'conv' || !layer.inputs.includes(index));

/**
 * Channels of a layer's output in memory, padding included.
 *
 * @param network - the network
 * @param layer - index of the layer
 * @param target - the executor's
 * @returns floats from one pixel to the next
 */
export function strideOf(network: Network, layer: LayerIndex, target: Target): number {
  const made = network.layers[layer];
  if (!made) throw new Error(`no layer ${layer} in ${network.model}`);
  const isImage = made.kind === 'input' && !made.differentiable && isConvolved(network, layer);
  return roundUp(made.shape.channels, isImage ? target.imageChannels : target.panel);
}

/** Where one state-dict entry lies inside an engine. */
export interface Slot {
  readonly spec: ParameterSpec;
  /** `parameter` of what is trained; all else is with the running statistics. */
  readonly space: 'parameter' | 'statistic';
  readonly offset: number;
  /** Floats in the engine, padding included. */
  readonly floats: number;
  /** Where the value of an output, an input and a tap lies, from `offset`: row(output) + input · inputStep + tap · tapStep. */
  readonly row: (output: number) => number;
  readonly inputStep: number;
  readonly tapStep: number;
}

/** All of a network's parameters and running statistics, laid out in memory. */
export interface Layout {
  readonly slots: ReadonlyMap<string, Slot>;
  /** Floats of the trained parameters; weights, which decay, come first and take `decayed` of them. */
  readonly parameters: number;
  readonly decayed: number;
  readonly statistics: number;
}

const isWeight = (spec: ParameterSpec): boolean => spec.role === 'conv.weight' || spec.role === 'linear.weight';

/** Elements of a tensor. */
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Which primitives compute a layer that owns a filter, and how the filter lies in memory. */
export type Family = 'dense' | 'depthwise' | 'grouped';

/**
 * Chooses the primitives of a convolution or linear layer.
 *
 * @param network - the network
 * @param layer - one of its layers
 * @param target - the executor's
 * @returns `depthwise` where every channel has one filter, `grouped` for other groups, dilation and very large kernels
 */
export function familyOf(network: Network, layer: ConvLayer | LinearLayer, target: Target): Family {
  if (layer.kind === 'linear') return 'dense';
  const { groups, inChannels, outChannels, dilation, kernel } = layer;
  if (kernel > target.largestKernel) return 'grouped';
  if (groups === 1 && dilation === 1) return 'dense';
  // An image is padded to fewer channels than what comes out.
  const isPadded = strideOf(network, at(layer.inputs, 0), target) % target.panel === 0;
  const single = groups === inChannels && groups === outChannels && isPadded;
  return single ? 'depthwise' : 'grouped';
}

/** How many floats a filter takes, and where its elements go. */
type Filter = Pick<Slot, 'floats' | 'row' | 'inputStep' | 'tapStep'>;

/** Panels of output channels, [out / panel][kernel² · stride][panel], from OIHW or [out, in]. */
function panels(spec: ParameterSpec, stride: number, target: Target): Filter {
  const [outputs = 0] = spec.shape;
  const panel = target.onePanel ? roundUp(outputs, target.panel) : target.panel;
  const depth = sizeOf(spec.shape.slice(2)) * stride;
  const row = (output: number): number => Math.floor(output / panel) * depth * panel + (output % panel);
  return { floats: roundUp(outputs, panel) * depth, row, inputStep: panel, tapStep: stride * panel };
}

/** [kernel²][inputs of a group][out], from OIHW. */
function tapRows(spec: ParameterSpec, panel: number): Filter {
  const [outputs = 0, inputs = 0] = spec.shape;
  const taps = sizeOf(spec.shape.slice(2));
  const stride = roundUp(outputs, panel);
  const row = (output: number): number => output;
  return { floats: taps * inputs * stride, row, inputStep: stride, tapStep: inputs * stride };
}

/** One value a channel. */
function vector(spec: ParameterSpec, panel: number): Filter {
  return { floats: roundUp(sizeOf(spec.shape), panel), row: (output) => output, inputStep: 0, tapStep: 0 };
}

/** Filters of all layers that own one, by the weight's name. */
function filters(network: Network, target: Target): Map<string, Filter> {
  const found = new Map<string, Filter>();
  const specs = new Map(network.parameters.map((spec) => [spec.name, spec]));
  for (const layer of network.layers) {
    if (layer.kind !== 'conv' && layer.kind !== 'linear') continue;
    const spec = specs.get(`${layer.name}.weight`);
    if (!spec) throw new Error(`${layer.name} has no weight`);
    const dense = familyOf(network, layer, target) === 'dense';
    const stride = strideOf(network, at(layer.inputs, 0), target);
    found.set(spec.name, dense ? panels(spec, stride, target) : tapRows(spec, target.panel));
  }
  return found;
}

/**
 * Lays out a network's parameters: conv and linear weights (which decay), then the other trained ones, in the network's
 * order; running statistics, and what is frozen, apart.
 *
 * @param network - the network
 * @param target - the executor's
 * @returns place and size of every state-dict entry
 */
export function layoutOf(network: Network, target: Target): Layout {
  const placed = filters(network, target);
  const slots = new Map<string, Slot>();
  const place = (specs: readonly ParameterSpec[], space: Slot['space'], start: number): number =>
    specs.reduce((offset, spec) => {
      const shape = placed.get(spec.name) ?? vector(spec, target.panel);
      slots.set(spec.name, { spec, space, offset, ...shape });
      return offset + shape.floats;
    }, start);
  const trained = network.parameters.filter((spec) => spec.trained);
  const decayed = place(trained.filter(isWeight), 'parameter', 0);
  const parameters = place(
    trained.filter((spec) => !isWeight(spec)),
    'parameter',
    decayed,
  );
  const statistics = place(
    network.parameters.filter((spec) => !spec.trained),
    'statistic',
    0,
  );
  return { slots, parameters, decayed, statistics };
}

/**
 * Finds an entry's slot.
 *
 * @param layout - of the network
 * @param name - PyTorch name
 * @returns the slot
 * @throws Error when the network has no such entry (a bug)
 */
export function slotOf(layout: Layout, name: string): Slot {
  const slot = layout.slots.get(name);
  if (!slot) throw new Error(`no parameter ${name}`);
  return slot;
}

/**
 * Whether training moves an entry by a gradient.
 *
 * @param layout - of the network
 * @param name - PyTorch name
 * @returns false for running statistics, and for what is frozen
 */
export const isTrained = (layout: Layout, name: string): boolean => slotOf(layout, name).space === 'parameter';

/**
 * Reference to an entry's values or, in another space of the same shape, its gradient.
 *
 * @param layout - of the network
 * @param name - PyTorch name
 * @param space - where to look; the entry's own space by default
 * @returns the reference
 */
export function refOf(layout: Layout, name: string, space?: 'gradient'): Ref {
  const slot = slotOf(layout, name);
  return { space: space ?? slot.space, offset: slot.offset };
}

/** `at` for millions of elements: it sees arrays of one type only, which V8 makes as fast as no check at all. */
function floatAt(values: Float32Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`value ${index} of ${values.length}`);
  return value;
}

/** Outputs, inputs and taps of an entry, in PyTorch's order. */
function extentsOf({ shape }: ParameterSpec): readonly [number, number, number] {
  const [outputs = 1, inputs = 1, ...taps] = shape;
  return [outputs, inputs, sizeOf(taps)];
}

/**
 * Copies an entry from the engine's layout into PyTorch's.
 *
 * @param slot - the entry
 * @param values - the engine's floats, from the slot's offset
 * @returns PyTorch's flat array
 * @throws RangeError when there are too few floats (a bug)
 */
export function toPyTorch(slot: Slot, values: Float32Array): Float32Array {
  const { spec, row, inputStep, tapStep } = slot;
  const [outputs, inputs, taps] = extentsOf(spec);
  const dense = new Float32Array(outputs * inputs * taps);
  let index = 0;
  for (let output = 0; output < outputs; output++) {
    const start = row(output);
    for (let input = 0; input < inputs; input++)
      for (let tap = 0; tap < taps; tap++) dense[index++] = floatAt(values, start + input * inputStep + tap * tapStep);
  }
  return dense;
}

/**
 * Copies an entry from PyTorch's layout into the engine's; padding becomes 0.
 *
 * @param slot - the entry
 * @param values - PyTorch's flat array
 * @returns the engine's floats, to be written at the slot's offset
 * @throws RangeError when there are too few values (a bug)
 */
export function fromPyTorch(slot: Slot, values: Float32Array): Float32Array {
  const { spec, row, inputStep, tapStep, floats } = slot;
  const [outputs, inputs, taps] = extentsOf(spec);
  const placed = new Float32Array(floats);
  let index = 0;
  for (let output = 0; output < outputs; output++) {
    const start = row(output);
    for (let input = 0; input < inputs; input++)
      for (let tap = 0; tap < taps; tap++) placed[start + input * inputStep + tap * tapStep] = floatAt(values, index++);
  }
  return placed;
}
