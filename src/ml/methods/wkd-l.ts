import { add, div, exp, maximum, mul, sub } from '../algebra/arithmetic.ts';
import { matmul, rowGram } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { logSoftmax, mean, softmax, sumRows } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { logitsOf, unitRows } from './terms/rows.ts';
import { requireTap, CLASSIFIER } from './terms/taps.ts';
import { targetMask, withoutTarget } from './terms/target-class.ts';

/** Keeps divisions finite, and costs above 0. */
const EPSILON = 1e-8;

/** c_ij = 1 − exp(−κ (1 − cos(w_i, w_j))) of the rows of the teacher's classifier: how unlike two classes are. */
function costsOf(classifier: Node, sharpness: number): Node {
  const unlike = maximum(sub(1, rowGram(unitRows(classifier))), 0);
  return add(sub(1, exp(mul(unlike, -sharpness))), EPSILON);
}

/** A transport problem. */
interface Problem {
  /** Between every pair of classes, symmetric, [C, C]. */
  readonly costs: Node;
  /** 1 for classes that take part, 0 for the image's own, [N, C]. */
  readonly among: Node;
  /** η: weight of the entropy. */
  readonly regularisation: number;
  readonly iterations: number;
}

/**
 * Entropic optimal transport (Cuturi, 2013) of each row of p to that of q: Σ_ij u_i K_ij v_j c_ij, K = exp(−c/η), after
 * a few iterations of v = q/(K u), u = p/(K v).
 */
function transport(p: Node, q: Node, { costs, among, regularisation, iterations }: Problem): Node {
  const kernel = exp(div(costs, -regularisation));
  let u = div(among, lengthOf(among, 1) - 1);
  let v = q;
  for (let k = 0; k < iterations; k++) {
    v = div(q, add(matmul(u, kernel), EPSILON));
    u = div(p, add(matmul(v, kernel), EPSILON));
  }
  return sumRows(mul(u, matmul(v, mul(kernel, costs))));
}

/**
 * Wasserstein distance of logits: moving the student's probabilities to the teacher's costs more the less alike the
 * classes are. L = −mean_i p_t,y log p_s,y + γ · mean_i WD(p̂_s, p̂_t), p̂ = softmax without class y of z/T, WD by
 * Sinkhorn's iteration. Of the paper's ways to tell how alike classes are this is the one that needs no pass over the
 * data: the cosine of their rows in the teacher's classifier (`fc` in the authors' program).
 */
export const wassersteinLogits: KdMethod = {
  name: 'WKD-L',
  source:
    'Lv, Yang, Li: Wasserstein Distance Rivals Kullback-Leibler Divergence for Knowledge Distillation, NeurIPS 2024',
  options: {
    wkd_temperature: { type: 'number', exclusiveMinimum: 0, default: 2, description: 'T of the classes other than y.' },
    wkd_gamma: {
      type: 'number',
      minimum: 0,
      default: 30,
      description: 'γ: weight of the transport beside the target.',
    },
    wkd_sharpness: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 1,
      description: 'κ: the cost between classes is 1 − exp(−κ (1 − cosine)).',
    },
    wkd_regularisation: { type: 'number', exclusiveMinimum: 0, default: 0.05, description: 'η of the transport.' },
    wkd_iterations: { type: 'integer', minimum: 1, default: 10, description: 'Iterations of Sinkhorn’s algorithm.' },
  },
  weighting: 'odds',
  taps: (_, available) => {
    const { teacher, student } = requireTap('WKD-L', 'logits', available);
    return { teacher: [...teacher, CLASSIFIER], student };
  },
  create: (options) => {
    const [degree, gamma, sharpness] = [options['wkd_temperature'], options['wkd_gamma'], options['wkd_sharpness']];
    const regularisation = Number(options['wkd_regularisation']);
    const iterations = Number(options['wkd_iterations']);
    return {
      loss: (inputs) => {
        const { teacher, student } = logitsOf(inputs);
        const target = targetMask(inputs.labels, student);
        const others = (logits: Node): Node => softmax(withoutTarget(div(logits, Number(degree)), target));
        const costs = costsOf(inputs.teacher(CLASSIFIER), Number(sharpness));
        const problem = { costs, among: sub(1, target), regularisation, iterations };
        const moved = transport(others(student), others(teacher), problem);
        const ofTarget = sumRows(mul(target, mul(softmax(teacher), logSoftmax(student))));
        return mean(sub(mul(moved, Number(gamma)), ofTarget));
      },
    };
  },
};
