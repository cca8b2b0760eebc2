import type { LayerIndex } from '../../network/network.ts';
import { familyOf, refOf } from '../layout.ts';
import { ACTIVATIONS } from '../primitives.ts';
import type { Ref } from '../program.ts';
import { averageOf, type Emitter, windowOf } from './emitter.ts';
import { emitGrouped } from './grouped.ts';
import { roundedFilter, roundsForward } from './half-precision.ts';
import { emitNormOutput, emitTrainingNorm, savedOf, type Saved } from './norm.ts';
import type { Unit, UnitOf } from './units.ts';
import { winogradFilter } from './winograd.ts';

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
  const y = emitter.room(output);
  const shape = { ...windowOf(emitter, unit), outChannels: emitter.extent(unit.output).stride };
  const operands = {
    x: emitter.value(unit.input),
    filter: refOf(emitter.layout, `${layer.name}.weight`),
    scale: epilogue?.scale ?? null,
    shift: epilogue?.shift ?? (layer.bias ? refOf(emitter.layout, `${layer.name}.bias`) : null),
    residual: epilogue?.residual ?? null,
    y,
  };
  const activation = epilogue ? epilogue.then.activation : ACTIVATIONS.none;
  if (familyOf(emitter.network, layer, emitter.target) === 'dense') {
    const transformed = emitter.scratch(winogradFilter(shape, emitter.target));
    const bfloat16 = transformed ? 0 : roundsForward(shape, emitter.target);
    const rounded = emitter.scratch(roundedFilter(shape, bfloat16));
    const reading = emitter.reading(unit.input);
    emitter.emit(
      'conv',
      { ...operands, ...reading.operands, transformed, rounded },
      { ...shape, ...reading.numbers, activation, bfloat16 },
    );
  } else emitGrouped(emitter, unit, operands, activation);
  emitter.values.set(output, y);
}

/** Units that are computed alike in training and inference. */
export type PlainUnit = UnitOf<'add' | 'multiply' | 'concat' | 'slice' | 'activation' | 'pool'>;

/** Where one input's channels lie in joined ones: the first, and how far it is to the next. */
interface Part {
  readonly input: LayerIndex;
  readonly channels: number;
  readonly stride: number;
  readonly first: number;
  readonly step: number;
}

/**
 * Finds where the channels of a join's inputs lie in it.
 *
 * @param emitter - knows the shapes
 * @param unit - the join
 * @returns the parts, in the order of the inputs
 */
export function partsOf(emitter: Emitter, unit: UnitOf<'concat'>): readonly Part[] {
  const { interleaved } = unit.layer;
  const step = interleaved ? unit.inputs.length : 1;
  let before = 0;
  return unit.inputs.map((input, index) => {
    const { channels } = emitter.layer(input).shape;
    const first = interleaved ? index : before;
    before += channels;
    return { input, channels, stride: emitter.extent(input).stride, first, step };
  });
}

/** Joins channels. Each copy clears what follows it, and so the last one the padding. */
function emitConcat(emitter: Emitter, unit: UnitOf<'concat'>, y: Ref): void {
  const { rows, stride: toStride } = emitter.extent(unit.output);
  for (const { input, channels, stride: fromStride, first: to, step: toStep } of partsOf(emitter, unit))
    emitter.copyChannels({ x: emitter.value(input), y }, { rows, channels, fromStride, toStride, to, toStep });
}

function emitSlice(emitter: Emitter, unit: UnitOf<'slice'>, y: Ref): void {
  const { from, shape } = unit.layer;
  const { rows, stride: toStride } = emitter.extent(unit.output);
  const numbers = { rows, channels: shape.channels, fromStride: emitter.extent(unit.input).stride, toStride, from };
  emitter.copyChannels({ x: emitter.value(unit.input), y }, numbers);
}

/**
 * Shape of a product of two maps.
 *
 * @param emitter - knows the shapes
 * @param unit - the product
 * @returns rows of the first factor, and how many of them share a row of the second
 */
export function gateOf(emitter: Emitter, unit: UnitOf<'multiply'>): { rows: number; channels: number; area: number } {
  const { rows, stride } = emitter.extent(unit.output);
  return { rows, channels: stride, area: rows / emitter.extent(unit.other).rows };
}

/**
 * Emits a unit that is computed alike in training and inference.
 *
 * @param emitter - receives it
 * @param unit - which
 */
export function emitPlain(emitter: Emitter, unit: PlainUnit): void {
  const x = emitter.value(unit.input);
  const y = emitter.room(unit.output);
  const { count } = emitter.extent(unit.output);
  switch (unit.kind) {
    case 'add':
      emitter.emit('add', { a: x, b: emitter.value(unit.other), y }, { count, activation: unit.activation });
      break;
    case 'multiply': {
      const operands = { a: x, b: emitter.value(unit.other), y };
      emitter.emit('multiply', operands, { ...gateOf(emitter, unit), accumulate: 0 });
      break;
    }
    case 'concat':
      emitConcat(emitter, unit, y);
      break;
    case 'slice':
      emitSlice(emitter, unit, y);
      break;
    case 'activation':
      emitter.emit('activation', { x, y }, { count, activation: unit.activation });
      break;
    case 'pool':
      if (unit.layer.mode === 'max') emitter.emit('max-pool', { x, y }, windowOf(emitter, unit));
      else emitter.emit('average-pool', { x, y }, averageOf(emitter, unit));
  }
  emitter.values.set(unit.output, y);
}

/**
 * Emits dropout or stochastic depth of a value, or of its gradient: the mask depends on seed, step and position alone.
 *
 * @param emitter - receives it
 * @param unit - which
 * @param move - from where to where
 */
export function emitDrop(emitter: Emitter, unit: UnitOf<'dropout' | 'stochastic-depth'>, move: Move): void {
  const { rows, stride } = emitter.extent(unit.output);
  const { x, y, accumulate } = move;
  const numbers = { rows, salt: unit.output, rate: unit.layer.rate, accumulate };
  const { channels } = emitter.layer(unit.output).shape;
  if (unit.kind === 'dropout') emitter.emit('dropout', { x, y }, { ...numbers, channels, stride });
  else emitter.emit('stochastic-depth', { x, y }, { ...numbers, channels: stride, area: rows / emitter.batch });
}

/**
 * Emits one unit of the training-mode forward pass: batch statistics, dropout.
 *
 * @param emitter - receives it
 * @param unit - which
 * @param saved - receives what the backward pass needs of a batch norm
 */
export function emitTrainingUnit(emitter: Emitter, unit: Unit, saved: Saved): void {
  if (unit.kind === 'product') emitProduct(emitter, unit);
  else if (unit.kind === 'norm') emitTrainingNorm(emitter, unit, saved);
  else if (unit.kind === 'dropout' || unit.kind === 'stochastic-depth') {
    const y = emitter.like(unit.output);
    emitDrop(emitter, unit, { x: emitter.value(unit.input), y, accumulate: 0 });
    emitter.values.set(unit.output, y);
  } else emitPlain(emitter, unit);
}

/**
 * Emits a unit's value a second time, for the backward pass. A batch norm keeps its statistics.
 *
 * @param emitter - receives it
 * @param unit - which; what it reads must have a value
 * @param saved - what the batch norms have kept
 */
export function emitAgain(emitter: Emitter, unit: Unit, saved: Saved): void {
  if (unit.kind === 'norm') emitNormOutput(emitter, unit, savedOf(saved, unit));
  else emitTrainingUnit(emitter, unit, saved);
}
