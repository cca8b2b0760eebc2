import type { Adapter } from '../algebra/adapter.ts';
import { abs, add, mul, sub } from '../algebra/arithmetic.ts';
import { constant } from '../algebra/inputs.ts';
import { rowGram } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sumRows } from '../algebra/reductions.ts';
import { slice } from '../algebra/shapes.ts';
import type { Shape } from '../network/network.ts';
import type { KdMethod } from './kd-method.ts';
import { adapter } from './terms/adapter.ts';
import { meanSquare } from './terms/maps.ts';
import { flatRows, unitRows } from './terms/rows.ts';
import { requireTap, shapeOf } from './terms/taps.ts';

/** A linear layer of the pooled features of one side; both sides' are trained. */
const embedding = (side: 'student' | 'teacher', from: Shape, size: number): Adapter => {
  const name = `cc.${side}`;
  const differentiable = side === 'student';
  return adapter({ name, from, differentiable, layers: (net) => net.linear(name, net.image, size) });
};

/** mean over images i < N of Σ_d |s_i − t_i|_d · |s_i+1 − t_i+1|_d: neighbours in the batch. */
function neighbours(ours: Node, theirs: Node): Node {
  const apart = abs(sub(ours, theirs));
  const from = (first: number): Node => slice(apart, { axis: 0, from: first, length: lengthOf(apart, 0) - 1 });
  return mean(sumRows(mul(from(0), from(1))));
}

/** K = Σ_p e^(−2γ) (2γ)^p/p! · (F Fᵀ)^p up to an order, F of unit rows: the Taylor series of a Gaussian kernel. */
function kernel(rows: Node, gamma: number, order: number): Node {
  const gram = rowGram(unitRows(rows));
  const factor = Math.exp(-2 * gamma);
  let power: Node = constant(1, gram.shape);
  let total: Node = mul(power, factor);
  for (let p = 1, scale = factor; p <= order; p++) {
    power = mul(power, gram);
    scale *= (2 * gamma) / p;
    total = add(total, mul(power, scale));
  }
  return total;
}

/**
 * Correlation congruence: the student's images relate to each other as the teacher's do. Pooled features of both sides go through a
 * linear layer each, both trained. `code`: L = 1/(N−1) Σ_i Σ_d |s_i − t_i|_d |s_i+1 − t_i+1|_d, as the program of the published numbers
 * has it from the authors; `paper`: L = 1/N² ‖K_s − K_t‖² of kernels between images.
 */
export const correlation: KdMethod = {
  name: 'CC',
  source: 'Peng, Jin, Liu, Zhou, Wu, Liu, Zhang, Li: Correlation Congruence for Knowledge Distillation, ICCV 2019',
  options: {
    cc_form: {
      enum: ['code', 'paper'],
      default: 'code',
      description: 'code: products of neighbours’ differences, as RepDistiller; paper: kernels between all images.',
    },
    cc_features: { type: 'integer', minimum: 1, default: 128, description: 'Numbers that features are mapped to.' },
    cc_gamma: { type: 'number', exclusiveMinimum: 0, default: 0.4, description: 'γ of the kernel in cc_form: paper.' },
    cc_order: {
      type: 'integer',
      minimum: 1,
      default: 2,
      description: 'Order of the kernel’s Taylor series in cc_form: paper.',
    },
  },
  weighting: 'odds',
  published: { weight: 0.02, source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 0.02' },
  relational: true,
  taps: (_, available) => requireTap('CC', 'pooled', available),
  create: ({ cc_form: form, cc_features: features, cc_gamma: gamma, cc_order: order }, shapes) => {
    const made = (side: 'student' | 'teacher'): Adapter =>
      embedding(side, shapeOf(shapes[side], 'pooled'), Number(features));
    const [ours, theirs] = [made('student'), made('teacher')];
    return {
      adapters: [ours, theirs],
      loss: ({ student, teacher, adapt }) => {
        const s = flatRows(adapt(ours, student('pooled')));
        const t = flatRows(adapt(theirs, teacher('pooled')));
        if (form === 'code') return neighbours(s, t);
        return meanSquare(kernel(s, Number(gamma), Number(order)), kernel(t, Number(gamma), Number(order)));
      },
    };
  },
};
