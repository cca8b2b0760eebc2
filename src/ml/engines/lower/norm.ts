import { fail } from '../../../core/failure.ts';
import type { LayerIndex } from '../../network/network.ts';
import { SUM_CHUNKS } from '../kernel-constants.ts';
import { refOf } from '../layout.ts';
import type { Ref } from '../program.ts';
import type { Emitter } from './emitter.ts';
import type { UnitOf } from './units.ts';

/** What batch norms keep from the forward pass for the backward pass, by output layer. */
export type Saved = Map<LayerIndex, Ref>;

/**
 * Scratch for the two sums of a batch norm, chunk by chunk.
 *
 * @param emitter - receives the buffer
 * @param channels - padded
 * @returns the buffer
 */
export function partialsFor(emitter: Emitter, channels: number): Ref {
  return emitter.buffer(2 * SUM_CHUNKS * channels);
}

/** PyTorch refuses it too: the variance of one value says nothing, and what comes out depends on no image. */
function requireRows(emitter: Emitter, unit: UnitOf<'norm'>, rows: number): void {
  if (rows > 1) return;
  fail({
    code: 'batch-too-small',
    message: `${emitter.network.model} normalises maps of 1×1 pixels (${unit.layer.name}) over a batch of one image`,
    expected: 'more than one value a channel in training',
    fix: 'choose a batch_size that does not leave one image over, or a larger image_size',
  });
}

/**
 * Emits a batch norm's output, unless its reader makes it.
 *
 * @param emitter - receives it
 * @param unit - the batch norm; what it reads must have a value
 * @param saved - what it kept
 */
export function emitNormOutput(emitter: Emitter, unit: UnitOf<'norm'>, saved: Ref): void {
  const x = emitter.value(unit.input);
  if (emitter.unwritten.has(unit.output)) {
    emitter.inputNorms.set(unit.output, { saved, activation: unit.activation });
    emitter.values.set(unit.output, x);
    return;
  }
  const { rows, stride } = emitter.extent(unit.output);
  const y = emitter.like(unit.output);
  const residual = unit.residual === null ? null : emitter.value(unit.residual);
  const numbers = { rows, channels: stride, activation: unit.activation };
  emitter.emit('batch-norm-output', { x, saved, residual, y }, numbers);
  emitter.values.set(unit.output, y);
}

/**
 * Emits a batch norm of the batch's statistics.
 *
 * @param emitter - receives it
 * @param unit - the batch norm
 * @param saved - receives what the backward pass needs of it
 */
export function emitTrainingNorm(emitter: Emitter, unit: UnitOf<'norm'>, saved: Saved): void {
  const { rows, stride } = emitter.extent(unit.output);
  requireRows(emitter, unit, rows);
  const { name, eps, momentum } = unit.layer;
  const kept = emitter.buffer(4 * stride);
  const operands = {
    x: emitter.value(unit.input),
    gamma: refOf(emitter.layout, `${name}.weight`),
    beta: refOf(emitter.layout, `${name}.bias`),
    mean: refOf(emitter.layout, `${name}.running_mean`),
    variance: refOf(emitter.layout, `${name}.running_var`),
    saved: kept,
    partials: partialsFor(emitter, stride),
  };
  emitter.emit('batch-norm-statistics', operands, { rows, channels: stride, eps, momentum });
  saved.set(unit.output, kept);
  emitNormOutput(emitter, unit, kept);
}

/**
 * Finds what a batch norm kept.
 *
 * @param saved - of the forward pass
 * @param unit - the batch norm
 * @returns scale, shift, mean and 1/σ
 */
export function savedOf(saved: Saved, unit: UnitOf<'norm'>): Ref {
  const kept = saved.get(unit.output);
  if (!kept) throw new Error(`${unit.layer.name} kept nothing of its forward pass`);
  return kept;
}
