import type { LayerIndex } from '../../network/network.ts';
import { refOf } from '../layout.ts';
import type { Ref } from '../program.ts';
import { windowOf, type Emitter } from './emitter.ts';
import type { Unit } from './units.ts';
import { winogradFilter } from './winograd.ts';

/** A unit of one kind. */
export type UnitOf<Kind extends Unit['kind']> = Extract<Unit, { kind: Kind }>;

/** What batch norms keep from the forward pass for the backward pass, by output layer. */
export type Saved = Map<LayerIndex, Ref>;

/** What an inference product appends: y = activation(scale · product + shift + residual). */
export interface Epilogue {
  readonly scale: Ref;
  readonly shift: Ref;
  readonly residual: Ref | null;
  /** The batch norm that is folded in: its activation, and its output is what comes out. */
  readonly then: UnitOf<'norm'>;
}

/** From where to where dropout goes, and whether it adds (1) or overwrites (0). */
export interface Move {
  readonly x: Ref;
  readonly y: Ref;
  readonly accumulate: number;
}

/** Fixed number of chunks over whose rows sums are taken (kernel.h), times two sums. */
const PARTIALS = 64;

/**
 * Scratch for the sums of a batch norm.
 *
 * @param emitter - receives the buffer
 * @param channels - padded
 * @returns the buffer
 */
export function partialsFor(emitter: Emitter, channels: number): Ref {
  return emitter.buffer(PARTIALS * channels);
}

/**
 * Emits the copy of the caller's dense pixels into padded ones.
 *
 * @param emitter - receives it
 */
export function emitInput(emitter: Emitter): void {
  const padded = emitter.like(0);
  emitter.repack(0, emitter.dense('input', 0, 'in'), padded, { to: 'padded' });
  emitter.values.set(0, padded);
}

/**
 * Emits a convolution or linear layer.
 *
 * @param emitter - receives it
 * @param unit - which
 * @param epilogue - what an inference product appends
 */
export function emitProduct(emitter: Emitter, unit: UnitOf<'product'>, epilogue?: Epilogue): void {
  const { layer } = unit;
  const output = epilogue ? epilogue.then.output : unit.output;
  const y = emitter.like(output);
  const shape = { ...windowOf(emitter, unit), outChannels: emitter.extent(unit.output).stride };
  const operands = {
    x: emitter.value(unit.input),
    filter: refOf(emitter.layout, `${layer.name}.weight`),
    scale: epilogue?.scale ?? null,
    shift: epilogue?.shift ?? (layer.bias ? refOf(emitter.layout, `${layer.name}.bias`) : null),
    residual: epilogue?.residual ?? null,
    transformed: emitter.scratch(winogradFilter(shape)),
    y,
  };
  emitter.emit('conv', operands, { ...shape, activation: epilogue ? epilogue.then.activation : 0 });
  emitter.values.set(output, y);
}

/**
 * Emits a unit that is computed alike in training and inference.
 *
 * @param emitter - receives it
 * @param unit - a sum, activation or pool
 */
export function emitPlain(emitter: Emitter, unit: UnitOf<'add' | 'activation' | 'pool'>): void {
  const x = emitter.value(unit.input);
  const y = emitter.like(unit.output);
  const { count } = emitter.extent(unit.output);
  if (unit.kind === 'add')
    emitter.emit('add', { a: x, b: emitter.value(unit.other), y }, { count, activation: unit.activation });
  else if (unit.kind === 'activation') emitter.emit('activation', { x, y }, { count, activation: unit.activation });
  else emitter.emit(unit.layer.mode === 'max' ? 'max-pool' : 'average-pool', { x, y }, windowOf(emitter, unit));
  emitter.values.set(unit.output, y);
}

function emitTrainingNorm(emitter: Emitter, unit: UnitOf<'norm'>, saved: Saved): void {
  const { rows, stride } = emitter.extent(unit.output);
  const { name, eps, momentum } = unit.layer;
  const y = emitter.like(unit.output);
  const kept = emitter.buffer(4 * stride);
  const operands = {
    x: emitter.value(unit.input),
    gamma: refOf(emitter.layout, `${name}.weight`),
    beta: refOf(emitter.layout, `${name}.bias`),
    mean: refOf(emitter.layout, `${name}.running_mean`),
    variance: refOf(emitter.layout, `${name}.running_var`),
    residual: unit.residual === null ? null : emitter.value(unit.residual),
    y,
    saved: kept,
    partials: partialsFor(emitter, stride),
  };
  emitter.emit('batch-norm', operands, { rows, channels: stride, activation: unit.activation, eps, momentum });
  saved.set(unit.output, kept);
  emitter.values.set(unit.output, y);
}

/**
 * Emits dropout of a value, or of its gradient: the mask depends on seed, step and position alone.
 *
 * @param emitter - receives it
 * @param unit - which
 * @param move - from where to where
 */
export function emitDropout(emitter: Emitter, unit: UnitOf<'dropout'>, move: Move): void {
  const { rows, stride } = emitter.extent(unit.output);
  const { channels } = emitter.layer(unit.output).shape;
  const numbers = { rows, channels, stride, salt: unit.output, rate: unit.layer.rate, accumulate: move.accumulate };
  emitter.emit('dropout', { x: move.x, y: move.y }, numbers);
}

/**
 * Emits the training-mode forward pass: batch statistics, dropout.
 *
 * @param emitter - receives it
 * @param units - of the network
 * @returns what the backward pass needs of the batch norms
 */
export function emitTrainingForward(emitter: Emitter, units: readonly Unit[]): Saved {
  const saved: Saved = new Map();
  emitInput(emitter);
  for (const unit of units) {
    if (unit.kind === 'product') emitProduct(emitter, unit);
    else if (unit.kind === 'norm') emitTrainingNorm(emitter, unit, saved);
    else if (unit.kind === 'dropout') {
      const y = emitter.like(unit.output);
      emitDropout(emitter, unit, { x: emitter.value(unit.input), y, accumulate: 0 });
      emitter.values.set(unit.output, y);
    } else emitPlain(emitter, unit);
  }
  return saved;
}
