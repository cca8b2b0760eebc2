import type { LayerIndex } from '../../network/network.ts';
import { familyOf } from '../layout.ts';
import { ACTIVATIONS, type ActivationCode } from '../primitives.ts';
import { windowOf, type Emitter } from './emitter.ts';
import { readBy, type Unit, type UnitOf } from './units.ts';

/** Activations that take less time than the walk over memory that is saved, also when the backward pass takes them once more. */
const CHEAP: readonly ActivationCode[] = [ACTIVATIONS.none, ACTIVATIONS.relu, ACTIVATIONS.relu6];

/** Whether a product's kernels can read its input through a batch norm, and gain by it. */
function readsThrough(emitter: Emitter, unit: UnitOf<'product'>): boolean {
  const { network, target } = emitter;
  const { kernel, stride, padding, width, channels } = windowOf(emitter, unit);
  const limits = target.readThrough;
  if (!limits || channels < limits.fewestChannels) return false;
  const dilation = unit.layer.kind === 'conv' ? unit.layer.dilation : 1;
  switch (familyOf(network, unit.layer, target)) {
    case 'dense':
      // What is rounded for half precision is written first.
      return kernel === 1 && stride === 1 && padding === 0 && target.bfloat16 === null;
    case 'depthwise':
      // The rows of the input under one of the output find room.
      return (dilation * (kernel - 1) + 1) * width * channels <= limits.mostFloats;
    case 'grouped':
      return false;
  }
}

/**
 * Finds the batch norms of a training step whose output need not be written, as their only reader is a product that makes it of
 * the norm's input while it reads: a walk over memory less in the forward pass, and nothing to keep for the backward pass.
 *
 * @param emitter - knows the shapes
 * @param units - of the network
 * @param shown - layers whose own values the caller wants
 * @returns outputs of the norms
 */
export function normsReadThrough(
  emitter: Emitter,
  units: readonly Unit[],
  shown: ReadonlySet<LayerIndex>,
): ReadonlySet<LayerIndex> {
  const readers = new Map<LayerIndex, Unit[]>();
  for (const unit of units) for (const read of readBy(unit)) readers.set(read, [...(readers.get(read) ?? []), unit]);
  const found = units.filter((unit) => {
    const [reader, ...others] = readers.get(unit.output) ?? [];
    return (
      unit.kind === 'norm' &&
      unit.residual === null &&
      CHEAP.includes(unit.activation) &&
      !shown.has(unit.output) &&
      others.length === 0 &&
      reader?.kind === 'product' &&
      readsThrough(emitter, reader)
    );
  });
  return new Set(found.map((unit) => unit.output));
}
