import type { KdMethod } from './kd-method.ts';
import { logitsOf, softDivergence } from './terms/rows.ts';
import { bothSides, temperatureOption } from './terms/taps.ts';

/** Soft targets: L = T² · mean_i KL(softmax(z_t/T) ‖ softmax(z_s/T)). */
export const softTarget: KdMethod = {
  name: 'SoftTarget',
  source: 'Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, NIPS workshop 2014',
  options: { temperature: temperatureOption },
  weighting: 'odds',
  taps: (_, available) => bothSides('SoftTarget', 'logits', available),
  create: ({ temperature }) => ({
    loss: (inputs) => softDivergence(logitsOf(inputs), Number(temperature)),
  }),
};
