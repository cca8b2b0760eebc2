import type { LayerIndex, Network } from '../../network/network.ts';
import { refOf } from '../arrays.ts';
import type { EngineArray, OptimizerSpec, StepOptions } from '../engine.ts';
import type { Program, Ref } from '../program.ts';
import type { Target } from '../target.ts';
import { Backward } from './backward.ts';
import { Emitter } from './emitter.ts';
import { emitTrainingUnit } from './forward.ts';
import { emitInference } from './inference.ts';
import { emitInput } from './input.ts';
import type { Saved } from './norm.ts';
import { normsReadThrough } from './read-through.ts';
import { unitsOf, type Unit } from './units.ts';

/** Layer of every tap that a step is to give out, `logits` left out as it is always there. */
function tapLayers(network: Network, names: readonly string[]): ReadonlyMap<string, LayerIndex> {
  const found = names.map((name): [string, LayerIndex] => {
    const layer = network.taps[name];
    if (layer === undefined) throw new Error(`${network.model} has no tap ${name}`);
    return [name, layer];
  });
  return new Map(found.filter(([name]) => name !== 'logits'));
}

const lastLayer = (network: Network): LayerIndex => network.layers.length - 1;

/** Lets the caller read logits and taps: in ports, but for those that have a place elsewhere. */
function revealAll(
  emitter: Emitter,
  taps: ReadonlyMap<string, LayerIndex>,
  places: ReadonlyMap<string, Ref> = new Map(),
): void {
  const reveal = (name: string, port: string, layer: LayerIndex): void => {
    const to = places.get(name);
    if (to) emitter.deliver(layer, to);
    else emitter.reveal(port, layer, emitter.value(layer));
  };
  reveal('logits', 'logits', lastLayer(emitter.network));
  for (const [name, layer] of taps) reveal(name, `tap:${name}`, layer);
}

/** The places of arrays. */
const placesOf = (arrays: Readonly<Record<string, EngineArray>> = {}): ReadonlyMap<string, Ref> =>
  new Map(Object.entries(arrays).map(([name, array]) => [name, refOf(array)]));

/** What a step is lowered for. */
export interface LoweringOptions extends StepOptions {
  /** The executor's. */
  readonly target: Target;
}

/** How a training step is made, beside its optimiser. */
export interface TrainingVariant {
  /** Whether updates move the session's averages of parameters and statistics. */
  readonly average?: boolean;
  /** Whether what is cheap is computed again for the backward pass, rather than kept: less memory, a little more time. */
  readonly recompute?: boolean;
}

/** One update rule over a range of parameters, which decay (1) or not (0). */
function emitRule(
  emitter: Emitter,
  optimizer: OptimizerSpec,
  range: { from: number; count: number; decay: number },
): void {
  const { from: offset, count, decay } = range;
  const w = { space: 'parameter', offset } as const;
  const g = { space: 'gradient', offset } as const;
  const [slot0, slot1] = [{ space: 'slot0', offset } as const, { space: 'slot1', offset } as const];
  switch (optimizer.name) {
    case 'adamw': {
      const { beta1, beta2, eps } = optimizer;
      emitter.emit('adamw', { w, g, expAvg: slot0, expAvgSq: slot1 }, { count, decay, beta1, beta2, eps });
      return;
    }
    case 'sgd': {
      const numbers = { count, decay, nesterov: optimizer.nesterov ? 1 : 0, momentum: optimizer.momentum };
      emitter.emit('sgd', { w, g, momentumBuffer: slot0 }, numbers);
      return;
    }
    case 'rmsprop': {
      const { alpha, eps, momentum } = optimizer;
      emitter.emit(
        'rmsprop',
        { w, g, squareAvg: slot0, momentumBuffer: slot1 },
        { count, decay, alpha, eps, momentum },
      );
      return;
    }
  }
}

/** Adds a second pass's gradients to the first one's. */
function emitSum(emitter: Emitter): void {
  const sum = { space: 'gradient-sum', offset: 0 } as const;
  const numbers = { count: emitter.layout.parameters, activation: 0 };
  emitter.emit('add', { a: sum, b: { space: 'gradient', offset: 0 }, y: sum }, numbers);
}

function emitUpdate(emitter: Emitter, optimizer: OptimizerSpec, average: boolean): void {
  emitter.section = 'update';
  const { decayed, parameters, statistics } = emitter.layout;
  emitRule(emitter, optimizer, { from: 0, count: decayed, decay: 1 });
  emitRule(emitter, optimizer, {
    from: decayed,
    count: parameters - decayed,
    decay: optimizer.decays === 'all' ? 1 : 0,
  });
  if (!average) return;
  const moves = [
    { average: 'parameter-average', x: 'parameter', count: parameters },
    { average: 'statistic-average', x: 'statistic', count: statistics },
  ] as const;
  for (const { average: kept, x, count } of moves)
    emitter.emit('moving-average', { average: { space: kept, offset: 0 }, x: { space: x, offset: 0 } }, { count });
}

/** Units that take one walk over memory, so that computing them again is cheaper than much memory. */
const isCheap = (unit: Unit): boolean => unit.kind !== 'product' && unit.kind !== 'pool';

/**
 * Lowers a network's evaluation-mode forward pass.
 *
 * @param network - what to compute
 * @param options - target, batch size and taps
 * @returns the program; only its `forward` section holds operations
 */
export function lowerInference(network: Network, options: LoweringOptions): Program {
  const taps = tapLayers(network, options.taps);
  const wanted = new Set([...taps.values(), lastLayer(network)]);
  const emitter = new Emitter(network, options);
  const places = placesOf(options.outputs);
  for (const [name, layer] of [...taps, ['logits', lastLayer(network)] as const]) {
    const to = places.get(name);
    if (to && emitter.isDense(layer)) emitter.placed.set(layer, to);
  }
  emitInference(emitter, unitsOf(network, wanted), wanted, options.images && refOf(options.images));
  revealAll(emitter, taps, places);
  return emitter.program();
}

/**
 * Lowers a training step: forward, gradients of every trained parameter from the gradients of logits and taps, update. A
 * second pass ends by adding its gradients to `gradient-sum` and updates nothing.
 *
 * @param network - what to train
 * @param options - target, batch size and taps, which pass
 * @param optimizer - update rule
 * @param variant - what else it does, and how
 * @returns the program
 */
export function lowerTraining(
  network: Network,
  options: LoweringOptions,
  optimizer: OptimizerSpec,
  variant: TrainingVariant = {},
): Program {
  const taps = tapLayers(network, options.taps);
  const last = lastLayer(network);
  const shown = new Set([...taps.values(), last]);
  const units = unitsOf(network, shown);
  const emitter = new Emitter(network, options);
  const saved: Saved = new Map();
  emitter.unwritten = normsReadThrough(emitter, units, shown);
  emitInput(emitter, units, options.images && refOf(options.images));
  for (const unit of units) emitTrainingUnit(emitter, unit, saved);
  revealAll(emitter, taps);
  const dlogits = emitter.dense('logits-gradient', last, 'in');
  const tapGradients = new Map<LayerIndex, Ref[]>();
  for (const [name, layer] of taps) {
    const ref = emitter.dense(`tap-gradient:${name}`, layer, 'in');
    tapGradients.set(layer, [...(tapGradients.get(layer) ?? []), ref]);
  }
  emitter.section = 'backward';
  const forgotten = variant.recompute ? units.filter((unit) => isCheap(unit) && !shown.has(unit.output)) : [];
  const backward = new Backward(emitter, saved, forgotten);
  backward.receive(last, dlogits);
  for (const unit of units.toReversed()) {
    for (const ref of tapGradients.get(unit.output) ?? []) backward.receive(unit.output, ref);
    backward.unit(unit);
  }
  backward.revealInput();
  if (options.secondPass) emitSum(emitter);
  else emitUpdate(emitter, optimizer, variant.average ?? false);
  return emitter.program();
}
