import type { Adapter } from '../algebra/adapter.ts';
import { add, addN, greater, maximum, mul, select, square, sub } from '../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { sum } from '../algebra/reductions.ts';
import { at } from '../../util/at.ts';
import type { KdMethod, TapShapes, TermInputs } from './kd-method.ts';
import { adapter } from './terms/adapter.ts';
import {
  allBlocks,
  blocksOption,
  chooseBlocks,
  NOT_SMALLER,
  preactivation,
  requireSizes,
  shapeOf,
} from './terms/taps.ts';

/** Of the authors' program. */
const SCALE = 3 / 1000;

/** A block of both sides, and what brings the student's map to the teacher's shape. */
interface Part {
  readonly student: string;
  readonly teacher: string;
  readonly connect: Adapter | null;
}

/** Nothing where shapes are alike, else a convolution with batch norm. */
function connector(block: number, student: string, teacher: string, shapes: TapShapes): Adapter | null {
  const [from, to] = [shapeOf(shapes.student, student), shapeOf(shapes.teacher, teacher)];
  const stride = from.height / to.height;
  if (stride === 1 && from.channels === to.channels) return null;
  const name = `ab.block${block}.connector`;
  const options = { channels: to.channels, kernel: 2 * stride - 1, stride, bias: true };
  return adapter({
    name,
    from,
    layers: (net) => net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, options)),
  });
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
    const [ours, theirs] = [Object.keys(shapes.student), Object.keys(shapes.teacher)];
    const sizes = { student: shapes.student, teacher: {} as Record<string, ReturnType<typeof shapeOf>> };
    ours.forEach((tap, k) => (sizes.teacher[tap] = shapeOf(shapes.teacher, at(theirs, k))));
    requireSizes('AB', NOT_SMALLER, sizes, all);
    const parts = ours.map((student, k): Part => {
      const teacher = at(theirs, k);
      return { student, teacher, connect: connector(k + 1, student, teacher, shapes) };
    });
    const weightOf = (k: number): number => (form === 'paper' ? 1 : SCALE * 2 ** (k - parts.length + 1));
    const mapOf = ({ student: tap, connect }: Part, { student, adapt }: TermInputs): Node =>
      connect ? adapt(connect, student(tap)) : student(tap);
    return {
      adapters: parts.flatMap(({ connect }) => connect ?? []),
      loss: (inputs) =>
        addN(
          parts.map((part, k) => {
            const target = inputs.teacher(part.teacher);
            return mul(across(mapOf(part, inputs), target, Number(margin)), weightOf(k) / lengthOf(target, 0));
          }),
        ),
    };
  },
};
