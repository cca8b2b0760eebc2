import { at } from './arrays.ts';
import type { Implementations } from './implementations.ts';

export const optimizers: Implementations<'adamw' | 'sgd' | 'rmsprop' | 'moving-average'> = {
  adamw({ w, g, first, second }, { count, decay, beta1, beta2, eps }, controls) {
    const { learningRate, weightDecay, firstCorrection, secondCorrection } = controls;
    for (let i = 0; i < count; i++) {
      const faded = at(w, i) * (decay ? 1 - learningRate * weightDecay : 1);
      first[i] = beta1 * at(first, i) + (1 - beta1) * at(g, i);
      second[i] = beta2 * at(second, i) + (1 - beta2) * at(g, i) ** 2;
      const root = Math.sqrt(at(second, i)) / secondCorrection + eps;
      w[i] = faded - ((learningRate / firstCorrection) * at(first, i)) / root;
    }
  },
  sgd({ w, g, first }, { count, decay, nesterov, momentum }, { learningRate, weightDecay }) {
    for (let i = 0; i < count; i++) {
      const gradient = at(g, i) + (decay ? weightDecay * at(w, i) : 0);
      first[i] = momentum * at(first, i) + gradient;
      w[i] = at(w, i) - learningRate * (nesterov ? gradient + momentum * at(first, i) : at(first, i));
    }
  },
  rmsprop({ w, g, first, second }, { count, decay, alpha, eps, momentum }, { learningRate, weightDecay }) {
    for (let i = 0; i < count; i++) {
      const gradient = at(g, i) + (decay ? weightDecay * at(w, i) : 0);
      first[i] = alpha * at(first, i) + (1 - alpha) * gradient ** 2;
      second[i] = momentum * at(second, i) + gradient / (Math.sqrt(at(first, i)) + eps);
      w[i] = at(w, i) - learningRate * at(second, i);
    }
  },
  'moving-average'({ average, x }, { count }, { averageStep }) {
    for (let i = 0; i < count; i++) average[i] = at(average, i) + averageStep * (at(x, i) - at(average, i));
  },
};
