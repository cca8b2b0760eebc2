import { addN, div, square, sub } from '../algebra/arithmetic.ts';
import { adaptivePool } from '../algebra/maps.ts';
import { matmul } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import { at } from '../../util/at.ts';
import type { KdMethod } from './kd-method.ts';
import { columns } from './terms/maps.ts';
import { allBlocks, blocksOption, chooseBlocks, requireChannels, requireSeveral, STEM } from './terms/taps.ts';

/** Flow between two maps of one side: mean over pixels of the products of their channels, [N, C, C']; the larger map is pooled. */
function flow(first: Node, second: Node): Node {
  const least = (axis: number): number => Math.min(lengthOf(first, axis), lengthOf(second, axis));
  const size = { height: least(1), width: least(2) };
  const [a, b] = [first, second].map((map) => columns(adaptivePool(map, size))) as [Node, Node];
  return div(matmul(a, b, { transposeA: true }), lengthOf(a, 1));
}

/** `code`: mean over all elements; `paper`: squared norm, mean over images. */
const FORMS: Readonly<Record<string, (ours: Node, theirs: Node) => Node>> = {
  code: (ours, theirs) => mean(square(sub(ours, theirs))),
  paper: (ours, theirs) => div(sum(square(sub(ours, theirs))), lengthOf(ours, 0)),
};

/**
 * Flow of solution procedure: G = mean over pixels of f_k f_k+1ᵀ for maps that follow each other, the stem's output and the blocks';
 * L = Σ_k distance(G_s, G_t). The program of the published numbers trains 30 epochs by it alone, and then without it: a stage with
 * `ce_weight: 0` whose weights the next one starts from.
 */
export const solutionFlow: KdMethod = {
  name: 'FSP',
  source: 'Yim, Joo, Bae, Kim: A Gift from Knowledge Distillation, CVPR 2017',
  options: {
    blocks: blocksOption,
    fsp_form: {
      enum: ['code', 'paper'],
      default: 'code',
      description: 'code: mean over the elements of each matrix, as RepDistiller; paper: their sum.',
    },
  },
  weighting: 'odds',
  published: {
    weight: 1,
    ceWeight: 0,
    source: 'RepDistiller (Tian, Krishnan, Isola, 2020), helper/pretrain.py: 30 epochs of the term alone',
  },
  taps: ({ blocks }, available) => {
    const chosen = chooseBlocks('FSP', blocks, available, allBlocks);
    const stem = [available.student, available.teacher].every((names) => names.includes(STEM)) ? [STEM] : [];
    const both = [...stem, ...chosen.student];
    requireSeveral('FSP', both);
    return { teacher: both, student: both };
  },
  create: ({ fsp_form: form }, shapes) => {
    requireChannels('FSP', shapes);
    const distance = typeof form === 'string' ? FORMS[form] : undefined;
    if (!distance) throw new Error(`FSP has no form ${JSON.stringify(form)}`);
    const taps = Object.keys(shapes.student);
    return {
      loss: ({ student, teacher }) =>
        addN(
          taps.slice(1).map((tap, k) => {
            const [ours, theirs] = [student, teacher].map((side) => flow(side(at(taps, k)), side(tap))) as [Node, Node];
            return distance(ours, theirs);
          }),
        ),
    };
  },
};
