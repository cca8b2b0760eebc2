import { add, div, mul, sub } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';
import { mean, softmax, sum } from '../algebra/reductions.ts';
import { transpose } from '../algebra/shapes.ts';
import type { KdMethod } from './kd-method.ts';
import { logitsOf, norms } from './terms/rows.ts';
import { requireTap, temperatureOption } from './terms/taps.ts';

/** 1 − mean over rows of Pearson's correlation. */
function decorrelation(a: Node, b: Node): Node {
  const centred = (rows: Node): Node => sub(rows, mean(rows, { axes: [1], keepDims: true }));
  const [x, y] = [centred(a), centred(b)];
  const correlations = div(sum(mul(x, y), { axes: [1], keepDims: true }), add(mul(norms(x), norms(y)), 1e-8));
  return sub(1, mean(correlations));
}

/**
 * Correlation instead of equality: L = T² · (β · (1 − mean_i ρ(p_s,i, p_t,i)) + γ · (1 − mean_c ρ(p_s,·c, p_t,·c))),
 * ρ Pearson's correlation, of the classes of an image (inter) and of the images of a class (intra).
 */
export const strongerTeacher: KdMethod = {
  name: 'DIST',
  source: 'Huang, You, Wang, Qian, Xu: Knowledge Distillation from A Stronger Teacher, NeurIPS 2022',
  options: {
    temperature: temperatureOption,
    dist_beta: { type: 'number', minimum: 0, default: 2, description: 'β: weight of the classes of an image.' },
    dist_gamma: { type: 'number', minimum: 0, default: 2, description: 'γ: weight of the images of a class.' },
  },
  weighting: 'odds',
  relational: true,
  taps: (_, available) => requireTap('DIST', 'logits', available),
  create: ({ temperature, dist_beta: beta, dist_gamma: gamma }) => {
    const degree = Number(temperature);
    return {
      loss: (inputs) => {
        const { teacher, student } = logitsOf(inputs);
        const [ours, theirs] = [softmax(div(student, degree)), softmax(div(teacher, degree))];
        const inter = mul(decorrelation(ours, theirs), Number(beta));
        const intra = mul(decorrelation(transpose(ours), transpose(theirs)), Number(gamma));
        return mul(add(inter, intra), degree ** 2);
      },
    };
  },
};
