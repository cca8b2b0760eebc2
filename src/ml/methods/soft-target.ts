import type { KdMethod } from './kd-method.ts';
import { logitsOf, softDivergence } from './terms/rows.ts';
import { requireTap, temperatureOption } from './terms/taps.ts';

/** Soft targets: L = T² · mean_i KL(softmax(z_t/T) ‖ softmax(z_s/T)). */
export const softTarget: KdMethod = {
  name: 'SoftTarget',
  synonyms: ['KD'],
  source: 'Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, NIPS workshop 2014',
  options: { temperature: temperatureOption },
  weighting: 'odds',
  published: {
    weight: 0.9,
    ceWeight: 0.1,
    source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -r 0.1 -a 0.9; mdistiller’s too',
  },
  taps: (_, available) => requireTap('SoftTarget', 'logits', available),
  create: ({ temperature }) => ({
    loss: (inputs) => softDivergence(logitsOf(inputs), Number(temperature)),
  }),
};
