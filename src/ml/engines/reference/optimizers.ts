import { at } from './arrays.ts';
import type { Implementations } from './implementations.ts';

export const optimizers: Implementations<'adamw' | 'sgd' | 'rmsprop' | 'moving-average'> = {
  adamw({ w, g, expAvg, expAvgSq }, { count, decay, beta1, beta2, eps }, controls) {
    const { learningRate, weightDecay, biasCorrection1, biasCorrection2Sqrt } = controls;
    for (let i = 0; i < count; i++) {
      const faded = at(w, i) * (decay ? 1 - learningRate * weightDecay : 1);
      expAvg[i] = beta1 * at(expAvg, i) + (1 - beta1) * at(g, i);
      expAvgSq[i] = beta2 * at(expAvgSq, i) + (1 - beta2) * at(g, i) ** 2;
      const root = Math.sqrt(at(expAvgSq, i)) / biasCorrection2Sqrt + eps;
      w[i] = faded - ((learningRate / biasCorrection1) * at(expAvg, i)) / root;
    }
  },
  sgd({ w, g, momentumBuffer }, { count, decay, nesterov, momentum }, { learningRate, weightDecay }) {
    for (let i = 0; i < count; i++) {
      const gradient = at(g, i) + (decay ? weightDecay * at(w, i) : 0);
      momentumBuffer[i] = momentum * at(momentumBuffer, i) + gradient;
      w[i] = at(w, i) - learningRate * (nesterov ? gradient + momentum * at(momentumBuffer, i) : at(momentumBuffer, i));
    }
  },
  rmsprop({ w, g, squareAvg, momentumBuffer }, { count, decay, alpha, eps, momentum }, { learningRate, weightDecay }) {
    for (let i = 0; i < count; i++) {
      const gradient = at(g, i) + (decay ? weightDecay * at(w, i) : 0);
      squareAvg[i] = alpha * at(squareAvg, i) + (1 - alpha) * gradient ** 2;
      momentumBuffer[i] = momentum * at(momentumBuffer, i) + gradient / (Math.sqrt(at(squareAvg, i)) + eps);
      w[i] = at(w, i) - learningRate * at(momentumBuffer, i);
    }
  },
  'moving-average'({ average, x }, { count }, { averageStep }) {
    for (let i = 0; i < count; i++) average[i] = at(average, i) + averageStep * (at(x, i) - at(average, i));
  },
};
