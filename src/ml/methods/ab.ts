import { add, addN, greater, maximum, mul, select, square, sub } from '../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { sum } from '../algebra/reductions.ts';
import type { Shape } from '../network/network.ts';
import type { KdMethod, Sides } from './kd-method.ts';
import type { Aligned } from './terms/adapter.ts';
import { regressor } from './terms/regressor.ts';
import {
  allBlocks,
  blocksOption,
  chooseBlocks,
  pairInOrder,
  preactivation,
  REGRESSED,
  requireSizes,
} from './terms/taps.ts';

/** Of the authors' program. */
const SCALE = 3 / 1000;

/** Nothing where shapes are alike, else a convolution with batch norm. */
function connect(block: number, tap: string, shapes: Sides<Shape>): Aligned {
  const { student, teacher } = shapes;
  const name = `ab.block${block}.connector`;
  const isAlike = student.height === teacher.height && student.channels === teacher.channels;
  if (isAlike) return { adapters: [], of: (inputs) => inputs.student(tap) };
  return regressor(name, tap, shapes, (net, conv) => net.batchNorm(`${name}.1`, conv));
}

/** Σ over neurons of how far they are from the teacher's side of their boundary and the margin, squared. */
function across(ours: Node, theirs: Node, margin: number): Node {
  const [below, above] = [maximum(add(ours, margin), 0), maximum(sub(margin, ours), 0)];
  return sum(square(select(greater(theirs, 0), above, below)));
}

/**
 * Activation boundaries: each neuron of the student is to be on the teacher's side of its ReLU's boundary, by a margin μ:
 * ‖1[t > 0] · max(μ − s, 0) + 1[t ≤ 0] · max(μ + s, 0)‖² of pre-activations, mean over images. `code`: the last block weighs 1, each
 * earlier one half of the next, all times 3/1000; `paper`: their sum. Read where blocks have not been activated; behind the block where a
 * network has no ReLU there. The program of the published numbers trains 30 epochs by it alone, and then without it: a stage with
 * `ce_weight: 0` whose weights the next one starts from.
 */
export const activationBoundary: KdMethod = {
  name: 'AB',
  source:
    'Heo, Lee, Yun, Choi: Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons, AAAI 2019',
  options: {
    blocks: blocksOption,
    ab_form: {
      enum: ['code', 'paper'],
      default: 'code',
      description: 'code: blocks weigh 1, ½, ¼ from the last one, times 0.003, as RepDistiller; paper: all weigh 1.',
    },
    ab_margin: { type: 'number', exclusiveMinimum: 0, default: 1, description: 'μ: how far beyond the boundary.' },
  },
  weighting: 'odds',
  published: {
    weight: 1,
    ceWeight: 0,
    source: 'RepDistiller (Tian, Krishnan, Isola, 2020), helper/pretrain.py: 30 epochs of the term alone',
  },
  taps: ({ blocks }, available) => {
    const chosen = chooseBlocks('AB', blocks, available, allBlocks);
    return {
      teacher: chosen.teacher.map((block) => preactivation(block, available.teacher)),
      student: chosen.student.map((block) => preactivation(block, available.student)),
    };
  },
  create: ({ ab_form: form, ab_margin: margin }, shapes, all) => {
    const pairs = pairInOrder(shapes);
    const teacher = Object.fromEntries(pairs.map((pair) => [pair.tap, pair.teacher]));
    requireSizes('AB', REGRESSED, { student: shapes.student, teacher }, all);
    const parts = pairs.map((pair, k) => ({ ...pair, ours: connect(k + 1, pair.tap, pair) }));
    const weightOf = (k: number): number => (form === 'paper' ? 1 : SCALE * 2 ** (k - parts.length + 1));
    return {
      adapters: parts.flatMap(({ ours }) => ours.adapters),
      loss: (inputs) =>
        addN(
          parts.map(({ ours, target }, k) => {
            const map = inputs.teacher(target);
            return mul(across(ours.of(inputs), map, Number(margin)), weightOf(k) / lengthOf(map, 0));
          }),
        ),
    };
  },
};
