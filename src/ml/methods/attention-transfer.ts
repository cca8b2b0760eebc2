import { addN, avgPool, div, maximum, mean, reshape, sqrt, square, sub, sum } from '@tensorflow/tfjs-core';
import type { Rank, Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { fail } from '../../core/failure.ts';
import type { Json } from '../../core/json.ts';
import type { Shape } from '../network/network.ts';
import type { KdMethod, Sides, TapShapes } from './kd-method.ts';

/** Rows' L2 norms, at least 1e-12 as in PyTorch's `normalize`; guarded under the root, whose slope at 0 is infinite. */
const norms = (rows: Tensor): Tensor => sqrt(maximum(sum(square(rows), 1, true), 1e-24));

/** Attention of each sample: A = mean_c f², flattened, L2-normalised: [N, H, W, C] → [N, H·W]. */
function attention(map: Tensor4D): Tensor2D {
  const energy = reshape<Rank.R2>(mean(square(map), 3), [map.shape[0], -1]);
  return div(energy, norms(energy));
}

/** Brings a map to `height` by average pooling; both sides are checked to be multiples when the term is made. */
function pooledTo(height: number, map: Tensor4D): Tensor4D {
  const window = map.shape[1] / height;
  return window === 1 ? map : avgPool(map, window, window, 'valid');
}

/** `code`: mean over samples and positions of (A_s − A_t)²; `paper`: mean over samples of ‖A_s − A_t‖₂. */
const FORMS: Readonly<Record<string, (difference: Tensor) => Scalar>> = {
  code: (difference) => mean(square(difference)),
  paper: (difference) => mean(norms(difference)),
};

/** Numbers of the blocks that a network has taps for, ascending. */
const blocksOf = (taps: readonly string[]): readonly number[] =>
  taps
    .flatMap((tap) => /^block(\d+)$/.exec(tap)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

/** The blocks asked for, or the last two that both networks have: 3 and 4 of the usual four. */
function chosenBlocks(asked: Json | undefined, available: Sides<readonly string[]>): readonly number[] {
  const ofTeacher = blocksOf(available.teacher);
  const common = blocksOf(available.student).filter((block) => ofTeacher.includes(block));
  if (!Array.isArray(asked)) return common.slice(-2);
  const missing = asked.filter((block) => !common.includes(Number(block)));
  if (missing.length === 0) return asked.map(Number);
  return fail({
    code: 'no-such-block',
    message: `AT asks for block ${missing.join(', ')}, which teacher and student do not both have`,
    expected: `blocks among ${common.join(', ')}`,
    fix: `write blocks: [${common.slice(-2).join(', ')}], or leave blocks out for the last two`,
  });
}

const sizeOf = ({ height, width }: Shape): string => `${height}×${width}`;

/** Maps must be equal in size, or one a whole multiple of the other by the same factor in both directions. */
function checkSizes(shapes: TapShapes): void {
  for (const [tap, student] of Object.entries(shapes.student)) {
    const teacher = shapes.teacher[tap];
    if (!teacher) throw new Error(`no shape of the teacher's ${tap}`);
    const [small, large] = student.height < teacher.height ? [student, teacher] : [teacher, student];
    const factor = large.height / small.height;
    if (Number.isInteger(factor) && small.width * factor === large.width) continue;
    fail({
      code: 'unequal-maps',
      message: `AT can't compare ${tap}: the student's map is ${sizeOf(student)}, the teacher's ${sizeOf(teacher)}`,
      expected: 'maps of equal size, or one a whole multiple of the other',
      fix: 'name other blocks, or choose a student with the same strides',
    });
  }
}

/** Attention transfer: sum over blocks of a distance between normalised spatial attention maps. */
export const attentionTransfer: KdMethod = {
  name: 'AT',
  source: 'Zagoruyko, Komodakis: Paying More Attention to Attention, ICLR 2017',
  options: {
    blocks: {
      type: 'array',
      items: { type: 'integer', minimum: 1, maximum: 4 },
      minItems: 1,
      uniqueItems: true,
      description: 'Blocks whose maps are compared; the last two that both networks have unless told.',
    },
    at_form: {
      enum: ['code', 'paper'],
      default: 'code',
      description: 'code: mean squared difference, as the authors’ program; paper: mean L2 norm of the difference.',
    },
  },
  weighting: 'plain',
  taps: ({ blocks }, available) => {
    const names = chosenBlocks(blocks, available).map((block) => `block${block}`);
    return { teacher: names, student: names };
  },
  create: ({ at_form: form }, shapes) => {
    checkSizes(shapes);
    const distance = typeof form === 'string' ? FORMS[form] : undefined;
    if (!distance) throw new Error(`AT has no form ${JSON.stringify(form)}`);
    return {
      loss: ({ teacher, student }) =>
        addN(
          Object.keys(shapes.student).map((tap) => {
            const [ours, theirs] = [student[tap] as Tensor4D, teacher[tap] as Tensor4D];
            const height = Math.min(ours.shape[1], theirs.shape[1]);
            return distance(sub(attention(pooledTo(height, ours)), attention(pooledTo(height, theirs))));
          }),
        ),
    };
  },
};
