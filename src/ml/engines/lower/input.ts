import type { Network } from '../../network/network.ts';
import { familyOf } from '../layout.ts';
import type { Ref } from '../program.ts';
import type { Target } from '../target.ts';
import type { Emitter } from './emitter.ts';
import { readBy, type Unit } from './units.ts';

/**
 * Border that every reader of the images wants around them, so that none has to look where an image ends.
 *
 * @param network - which
 * @param units - of the network
 * @param target - the executor's
 * @returns pixels; 0 where readers differ, or where the images' own gradient is wanted
 */
function borderOf(network: Network, units: readonly Unit[], target: Target): number {
  if (network.layers.some((layer) => layer.kind === 'input' && layer.differentiable)) return 0;
  const paddings = units
    .filter((unit) => readBy(unit).includes(0))
    .map((unit) =>
      unit.kind === 'product' && unit.layer.kind === 'conv' && familyOf(network, unit.layer, target) === 'dense'
        ? unit.layer.padding
        : 0,
    );
  return new Set(paddings).size === 1 ? (paddings[0] ?? 0) : 0;
}

/**
 * Emits the copy of the caller's dense pixels into padded ones, where they are to be padded.
 *
 * @param emitter - receives it
 * @param units - of the network
 * @param images - where the pixels lie; a port by default
 */
export function emitInput(emitter: Emitter, units: readonly Unit[], images?: Ref): void {
  const { batch, network } = emitter;
  const { height, width, channels } = emitter.layer(0).shape;
  const { stride } = emitter.extent(0);
  emitter.border = borderOf(network, units, emitter.target);
  const padding = emitter.border;
  const x = images ?? emitter.dense('input', 0, 'in');
  if (padding === 0 && emitter.isDense(0)) {
    emitter.values.set(0, x);
    return;
  }
  const padded = emitter.buffer(batch * (height + 2 * padding) * (width + 2 * padding) * stride);
  emitter.emit('pad', { x, y: padded }, { batch, height, width, channels, stride, padding });
  emitter.values.set(0, padded);
}
