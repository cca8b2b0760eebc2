import type { Graph, Tensor } from '../graph.ts';
import type { Operand } from '../operand.ts';
import { activate } from './activations.ts';

/** A square window over maps. */
export interface Window {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * Shape of the maps before a window.
 *
 * @param n - the window
 * @returns [batch, height, width, channels]
 */
export const inputShape = (n: Window): readonly number[] => [n.batch, n.height, n.width, n.channels];

/**
 * Shape of the maps behind a window.
 *
 * @param n - the window
 * @param channels - those before it by default
 * @returns [batch, height, width, channels]
 */
export const outputShape = (n: Window, channels: number = n.channels): readonly number[] => [
  n.batch,
  n.outHeight,
  n.outWidth,
  channels,
];

/** What may follow sums, by channel or by element. */
export interface Epilogue {
  readonly scale: Operand | null;
  readonly shift: Operand | null;
  readonly residual: Operand | null;
  readonly y: Operand;
}

/**
 * y = activation(scale · sums + shift + residual); what is absent is left out.
 *
 * @param graph - receives the nodes
 * @param sums - maps, channels last
 * @param epilogue - what follows, and where it goes
 * @param activation - code of `ACTIVATIONS`
 */
export function finish(graph: Graph, sums: Tensor, epilogue: Epilogue, activation: number): void {
  const { scale, shift, residual, y } = epilogue;
  const channels = sums.shape.at(-1) ?? 1;
  let value = sums;
  if (scale) value = graph.mul(value, scale.get(channels));
  if (shift)
    value = graph.typed('BiasAdd', [value, shift.get(channels)], value.shape, { data_format: { text: 'NHWC' } });
  if (residual) value = graph.add(value, residual.get(...value.shape));
  y.put(activate(graph, value, activation));
}

/**
 * Fills channels up with zeros.
 *
 * @param graph - receives the nodes
 * @param x - any shape, channels last
 * @param channels - at least as many as x has
 * @returns the same, with so many channels
 */
export function padChannels(graph: Graph, x: Tensor, channels: number): Tensor {
  const last = x.shape.length - 1;
  return graph.pad(
    x,
    x.shape.map((length, axis) => [0, axis === last ? channels - length : 0]),
  );
}

/**
 * The first channels.
 *
 * @param graph - receives the nodes
 * @param x - any shape, channels last
 * @param channels - at most as many as x has
 * @returns the same, with so many channels
 */
export const firstChannels = (graph: Graph, x: Tensor, channels: number): Tensor =>
  graph.slice(
    x,
    x.shape.map(() => 0),
    x.shape.with(-1, channels),
  );
