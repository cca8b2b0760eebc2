import { add, div, exp, mul, sub } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';
import { logSumExp, mean, sumRows } from '../algebra/reductions.ts';
import type { KdMethod, Sides } from './kd-method.ts';
import { divergences, logitsOf } from './terms/rows.ts';
import { requireTap, temperatureOption } from './terms/taps.ts';
import { targetMask, withoutTarget } from './terms/target-class.ts';

/** log p_y and log(1 − p_y), the latter as a sum over the other classes: exact where p_y is close to 1. */
function logPair(logits: Node, target: Node): readonly [Node, Node] {
  const total = logSumExp(logits);
  return [sub(sumRows(mul(logits, target)), total), sub(logSumExp(withoutTarget(logits, target)), total)];
}

/** KL of (p_y, 1 − p_y), [N]. */
function targetDivergences({ teacher, student }: Sides<Node>, target: Node): Node {
  const [ours, theirs] = [logPair(student, target), logPair(teacher, target)];
  return add(mul(exp(theirs[0]), sub(theirs[0], ours[0])), mul(exp(theirs[1]), sub(theirs[1], ours[1])));
}

/** T² · mean_i (α · KL of (p_y, 1 − p_y) + β · KL among the other classes). */
function decoupledLoss(
  logits: Sides<Node>,
  labels: Node,
  by: Readonly<Record<'alpha' | 'beta' | 'temperature', number>>,
): Node {
  const target = targetMask(labels, logits.student);
  const soft = {
    teacher: div(logits.teacher, by.temperature),
    student: div(logits.student, by.temperature),
  };
  const others = divergences(withoutTarget(soft.teacher, target), withoutTarget(soft.student, target));
  const each = add(mul(targetDivergences(soft, target), by.alpha), mul(others, by.beta));
  return mul(mean(each), by.temperature ** 2);
}

/**
 * Decoupled distillation: the divergence of soft targets parted into that of the target class against all others and
 * that among the others, each with a weight of its own: L = α · TCKD + β · NCKD, both times T².
 */
export const decoupled: KdMethod = {
  name: 'DKD',
  source: 'Zhao, Cui, Song, Qiu, Liang: Decoupled Knowledge Distillation, CVPR 2022',
  options: {
    temperature: temperatureOption,
    dkd_alpha: { type: 'number', minimum: 0, default: 1, description: 'α: weight of the target class’ part.' },
    dkd_beta: { type: 'number', minimum: 0, default: 8, description: 'β: weight of the other classes’ part.' },
  },
  weighting: 'odds',
  published: {
    weight: 1,
    ramp: 20,
    source: 'mdistiller (Zhao et al., 2022), the authors’ program, of α = 1 and β = 8',
  },
  taps: (_, available) => requireTap('DKD', 'logits', available),
  create: ({ temperature, dkd_alpha: alpha, dkd_beta: beta }) => ({
    loss: (inputs) =>
      decoupledLoss(logitsOf(inputs), inputs.labels, {
        alpha: Number(alpha),
        beta: Number(beta),
        temperature: Number(temperature),
      }),
  }),
};
