import { NetworkBuilder } from '../../network/builder.ts';
import type { LayerIndex, Shape } from '../../network/network.ts';
import type { Adapter } from '../../algebra/adapter.ts';
import type { Node } from '../../algebra/node.ts';
import type { Sides, TermInputs } from '../kd-method.ts';

/** What an adapter is made of. */
export interface AdapterParts extends Pick<Adapter, 'initial'> {
  /** Prefix of its parameters' names: of equal names, equal values are drawn. */
  readonly name: string;
  readonly from: Shape;
  /** Whether the student learns through it; true by default. */
  readonly differentiable?: boolean;
  /** Adds the layers, each named with the adapter's name in front; returns the last one. */
  readonly layers: (net: NetworkBuilder) => LayerIndex;
}

/**
 * Builds an adapter.
 *
 * @param parts - see {@link AdapterParts}
 * @returns the adapter
 */
export function adapter(parts: AdapterParts): Adapter {
  const { name, from, differentiable = true, layers, ...rest } = parts;
  const net = new NetworkBuilder(name, from, differentiable);
  return { name, network: net.ending(layers(net)), ...rest };
}

/**
 * A 1×1 convolution without bias, then batch norm.
 *
 * @param name - of the adapter
 * @param from - shape of what it reads
 * @param channels - of the result
 * @returns the adapter
 */
export const projection = (name: string, from: Shape, channels: number): Adapter =>
  adapter({
    name,
    from,
    layers: (net) => net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, { channels, kernel: 1 })),
  });

/** A map of the student as the term reads it, and what brings it to the teacher's channels. */
export interface Aligned {
  readonly adapters: readonly Adapter[];
  readonly of: (inputs: TermInputs) => Node;
}

/**
 * Brings a student's map to the teacher's channels: a 1×1 convolution with bias where they differ, else nothing.
 *
 * @param name - of the convolution
 * @param tap - the student's
 * @param shapes - of the tap in the student, and in the teacher
 * @returns the map, and the adapter if there is one
 */
export function alignTap(name: string, tap: string, shapes: Sides<Shape>): Aligned {
  const { student, teacher } = shapes;
  const read = (inputs: TermInputs) => inputs.student(tap);
  if (student.channels === teacher.channels) return { adapters: [], of: read };
  const made = adapter({
    name,
    from: student,
    layers: (net) => net.conv(name, net.image, { channels: teacher.channels, kernel: 1, bias: true }),
  });
  return { adapters: [made], of: (inputs) => inputs.adapt(made, read(inputs)) };
}
