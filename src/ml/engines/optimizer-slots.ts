import type { OptimizerSpec } from './engine.ts';

/** Where an update rule keeps its state of each parameter. */
type OptimizerSlot = 'slot0' | 'slot1';

const ADAM = new Map<OptimizerSlot, string>([
  ['slot0', 'exp_avg'],
  ['slot1', 'exp_avg_sq'],
]);
const SGD = new Map<OptimizerSlot, string>([['slot0', 'momentum_buffer']]);
const RMSPROP = new Map<OptimizerSlot, string>([
  ['slot0', 'square_avg'],
  ['slot1', 'momentum_buffer'],
]);
const SLOTS = { adamw: ADAM, sgd: SGD, rmsprop: RMSPROP } as const;

/**
 * Slots of an update rule.
 *
 * @param optimizer - the rule
 * @returns PyTorch's names by space
 */
export const slotsOf = ({ name }: OptimizerSpec): ReadonlyMap<OptimizerSlot, string> => SLOTS[name];
