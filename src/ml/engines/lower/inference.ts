import type { LayerIndex } from '../../network/network.ts';
import { refOf } from '../layout.ts';
import type { Ref } from '../program.ts';
import type { Emitter } from './emitter.ts';
import { emitPlain, emitProduct } from './forward.ts';
import { emitInput } from './input.ts';
import { readBy, type Unit, type UnitOf } from './units.ts';

/** Turns running statistics into a scale and a shift by channel; done at every run, as training may have moved them. */
function fold(emitter: Emitter, unit: UnitOf<'norm'>): { scale: Ref; shift: Ref } {
  const { name, eps } = unit.layer;
  const channels = emitter.extent(unit.output).stride;
  const folded = { scale: emitter.buffer(channels), shift: emitter.buffer(channels) };
  const operands = {
    gamma: refOf(emitter.layout, `${name}.weight`),
    beta: refOf(emitter.layout, `${name}.bias`),
    mean: refOf(emitter.layout, `${name}.running_mean`),
    variance: refOf(emitter.layout, `${name}.running_var`),
    ...folded,
  };
  emitter.emit('fold-batch-norm', operands, { channels, eps });
  return folded;
}

/** Products whose only reader is a batch norm: they run as part of it. */
function appendable(units: readonly Unit[], wanted: ReadonlySet<LayerIndex>): Map<LayerIndex, UnitOf<'product'>> {
  const reads = new Map<LayerIndex, number>();
  for (const layer of units.flatMap(readBy)) reads.set(layer, (reads.get(layer) ?? 0) + 1);
  const norms = new Set(units.flatMap((unit) => (unit.kind === 'norm' ? [unit.input] : [])));
  const single = (unit: Unit): unit is UnitOf<'product'> =>
    unit.kind === 'product' &&
    !unit.layer.bias &&
    norms.has(unit.output) &&
    reads.get(unit.output) === 1 &&
    !wanted.has(unit.output);
  return new Map(units.filter(single).map((unit) => [unit.output, unit]));
}

/**
 * Emits the evaluation-mode forward pass: batch norm folded into the convolution before it, dropout and stochastic depth left out.
 *
 * @param emitter - receives it
 * @param units - of the network
 * @param wanted - layers whose own values the caller wants
 * @param images - where the pixels lie; a port by default
 */
export function emitInference(
  emitter: Emitter,
  units: readonly Unit[],
  wanted: ReadonlySet<LayerIndex>,
  images?: Ref,
): void {
  const products = appendable(units, wanted);
  emitInput(emitter, units, images);
  for (const unit of units) {
    if (unit.kind === 'product') {
      if (!products.has(unit.output)) emitProduct(emitter, unit);
    } else if (unit.kind === 'norm') {
      const folded = fold(emitter, unit);
      const residual = unit.residual === null ? null : emitter.value(unit.residual);
      const product = products.get(unit.input);
      if (product) emitProduct(emitter, product, { ...folded, residual, then: unit });
      else emitAffine(emitter, unit, { ...folded, residual });
    } else if (unit.kind === 'dropout' || unit.kind === 'stochastic-depth')
      emitter.values.set(unit.output, emitter.value(unit.input));
    else emitPlain(emitter, unit);
  }
}

function emitAffine(
  emitter: Emitter,
  unit: UnitOf<'norm'>,
  folded: { readonly scale: Ref; readonly shift: Ref; readonly residual: Ref | null },
): void {
  const { rows, stride } = emitter.extent(unit.output);
  const y = emitter.room(unit.output);
  const numbers = { rows, channels: stride, activation: unit.activation };
  emitter.emit('affine', { x: emitter.value(unit.input), ...folded, y }, numbers);
  emitter.values.set(unit.output, y);
}
