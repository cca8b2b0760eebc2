import type { LayerIndex, Network } from '../../network/network.ts';
import type { OptimizerSpec, StepOptions } from '../engine.ts';
import type { Program } from '../program.ts';
import { Backward } from './backward.ts';
import { Emitter } from './emitter.ts';
import { emitTrainingForward } from './forward.ts';
import { emitInference } from './inference.ts';
import { unitsOf } from './units.ts';

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

function revealAll(emitter: Emitter, taps: ReadonlyMap<string, LayerIndex>): void {
  emitter.reveal('logits', lastLayer(emitter.network));
  for (const [name, layer] of taps) emitter.reveal(`tap:${name}`, layer);
}

function emitUpdate(emitter: Emitter, optimizer: OptimizerSpec): void {
  const { decayed, parameters } = emitter.layout;
  const groups = [
    { from: 0, count: decayed, decay: 1 },
    { from: decayed, count: parameters - decayed, decay: 0 },
  ];
  for (const { from, count, decay } of groups) {
    const w = { space: 'parameter', offset: from } as const;
    const g = { space: 'gradient', offset: from } as const;
    const first = { space: 'first', offset: from } as const;
    const second = { space: 'second', offset: from } as const;
    if (optimizer.name === 'adamw') {
      const { beta1, beta2, eps } = optimizer;
      emitter.emit('adamw', { w, g, first, second }, { count, decay, beta1, beta2, eps });
    } else {
      const numbers = { count, decay, nesterov: optimizer.nesterov ? 1 : 0, momentum: optimizer.momentum };
      emitter.emit('sgd', { w, g, first }, numbers);
    }
  }
}

/**
 * Lowers a network's evaluation-mode forward pass.
 *
 * @param network - what to compute
 * @param options - batch size and taps
 * @returns the program; only its `forward` section holds operations
 */
export function lowerInference(network: Network, options: StepOptions): Program {
  const taps = tapLayers(network, options.taps);
  const wanted = new Set([...taps.values(), lastLayer(network)]);
  const emitter = new Emitter(network, options.batch);
  emitInference(emitter, unitsOf(network, wanted), wanted);
  revealAll(emitter, taps);
  return emitter.program();
}

/**
 * Lowers a training step: forward, gradients of every trained parameter from the gradients of logits and taps, update.
 *
 * @param network - what to train
 * @param options - batch size and taps
 * @param optimizer - update rule
 * @returns the program
 */
export function lowerTraining(network: Network, options: StepOptions, optimizer: OptimizerSpec): Program {
  const taps = tapLayers(network, options.taps);
  const last = lastLayer(network);
  const units = unitsOf(network, new Set([...taps.values(), last]));
  const emitter = new Emitter(network, options.batch);
  const saved = emitTrainingForward(emitter, units);
  revealAll(emitter, taps);
  const dlogits = emitter.dense('logits-gradient', last, 'in');
  const tapGradients = new Map<LayerIndex, { ref: ReturnType<Emitter['dense']> }[]>();
  for (const [name, layer] of taps) {
    const ref = emitter.dense(`tap-gradient:${name}`, layer, 'both');
    emitter.emit('zero', { y: ref }, { count: emitter.extent(layer).rows * emitter.layer(layer).shape.channels });
    tapGradients.set(layer, [...(tapGradients.get(layer) ?? []), { ref }]);
  }
  emitter.section = 'backward';
  const backward = new Backward(emitter, saved);
  backward.contribute(last, (into) => emitter.repack(last, dlogits, into, { to: 'padded' }));
  for (const unit of units.toReversed()) {
    for (const { ref } of tapGradients.get(unit.output) ?? [])
      backward.contribute(unit.output, (into, add) =>
        emitter.repack(unit.output, ref, into, { to: 'padded', add: add === 1 }),
      );
    backward.unit(unit);
  }
  backward.revealInput();
  emitter.section = 'update';
  emitUpdate(emitter, optimizer);
  return emitter.program();
}
