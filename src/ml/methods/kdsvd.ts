import { abs, addN, div, equal, exp, greater, mul, select, sqrt, square, sub } from '../algebra/arithmetic.ts';
import { matmul, rightSingularVectors } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { max, sum } from '../algebra/reductions.ts';
import { reshape, slice, transpose } from '../algebra/shapes.ts';
import { at } from '../../util/at.ts';
import type { KdMethod, TapShapes } from './kd-method.ts';
import { columns, squaredDistance } from './terms/maps.ts';
import { unitRows } from './terms/rows.ts';
import {
  allBlocks,
  blocksOption,
  chooseBlocks,
  EQUAL,
  requireChannels,
  requireSeveral,
  requireSizes,
} from './terms/taps.ts';

/** More of the student's vectors than of the teacher's, which are looked for among them. */
const CANDIDATES = 3;
/** β of exp(−(a − b)²/β). */
const BETA = 8;

/** What the matrix of a map is, and which maps of two sides have as many columns. */
interface Form {
  readonly matrix: (map: Node) => Node;
  readonly require: (shapes: TapShapes, all: TapShapes) => void;
}

const FORMS: Readonly<Record<string, Form>> = {
  channels: { matrix: columns, require: (shapes) => requireChannels('KDSVD', shapes) },
  width: {
    matrix: (map) => reshape(transpose(map, [0, 1, 3, 2]), [lengthOf(map, 0), -1, lengthOf(map, 2)]),
    require: (shapes, all) => requireSizes('KDSVD', EQUAL, shapes, all),
  },
};

/** The first right singular vectors of matrices [N, M, D]: [N, D, ≤ count]. */
function vectorsOf(matrices: Node, count: number): Node {
  const vectors = rightSingularVectors(matrices);
  return slice(vectors, { axis: 2, from: 0, length: Math.min(count, lengthOf(vectors, 2)) });
}

/** The student's vector that lies nearest to each of the teacher's, turned into its direction: [N, D, K]. */
function aligned(ours: Node, theirs: Node): Node {
  const cosines = matmul(ours, theirs, { transposeA: true });
  const sign = sub(greater(cosines, 0), greater(0, cosines));
  const nearest = equal(abs(cosines), max(abs(cosines), { axes: [1], keepDims: true }));
  return matmul(ours, select(nearest, sign, 0));
}

/** exp(−(a_i − b_j)²/β) of all elements i of a vector of one map and j of one of the map before: [N, D, D', K]. */
function kernel(vectors: Node, before: Node): Node {
  const [images, size, count] = [lengthOf(vectors, 0), lengthOf(vectors, 1), lengthOf(vectors, 2)];
  const apart = sub(reshape(vectors, [images, size, 1, count]), reshape(before, [images, 1, -1, count]));
  return exp(div(square(apart), -BETA));
}

/** Both sides' vectors of matrices [N, M, D], each by the share that the teacher's singular value has: [N, D, K]. */
function compressed(ours: Node, theirs: Node, rank: number): readonly [student: Node, teacher: Node] {
  const vectors = vectorsOf(theirs, rank);
  const values = sqrt(sum(square(matmul(theirs, vectors)), { axes: [1] }));
  const shares = reshape(unitRows(values), [lengthOf(values, 0), 1, -1]);
  return [mul(aligned(vectorsOf(ours, rank + CANDIDATES), vectors), shares), mul(vectors, shares)];
}

/**
 * Maps compressed to right singular vectors: what the student's vectors are to those of the map before, under a Gaussian kernel, is to be
 * what the teacher's are. L = Σ_k ‖K_s − K_t‖² / N, K = exp(−(v_k,i − v_k−1,j)²/8) over all elements i, j of vectors of maps that follow
 * each other; of the student's first `svd_rank` + 3 vectors those nearest to the teacher's, in its direction. The matrix of a map is pixels
 * × channels, as in the authors' and in RepDistiller's program (`svd_form: channels`), or channels and rows × columns, as in mdistiller's
 * (`width`). Two things that the programs leave to LAPACK: the teacher's vectors point to where their largest element is positive, and no
 * gradient passes between vectors whose values float32 can't tell apart (there it is infinite).
 */
export const singularValues: KdMethod = {
  name: 'KDSVD',
  source: 'Lee, Kim, Song: Self-supervised Knowledge Distillation Using Singular Value Decomposition, ECCV 2018',
  options: {
    blocks: blocksOption,
    svd_form: {
      enum: ['channels', 'width'],
      default: 'channels',
      description:
        'channels: vectors over the channels of a map, as RepDistiller; width: over the columns of its picture, as mdistiller.',
    },
    svd_rank: { type: 'integer', minimum: 1, default: 1, description: 'Singular vectors of the teacher’s maps.' },
  },
  weighting: 'odds',
  taps: ({ blocks }, available) => {
    const chosen = chooseBlocks('KDSVD', blocks, available, allBlocks);
    requireSeveral('KDSVD', chosen.student);
    return chosen;
  },
  create: ({ svd_form: name, svd_rank: rank }, shapes, all) => {
    const form = typeof name === 'string' ? FORMS[name] : undefined;
    if (!form) throw new Error(`KDSVD has no form ${JSON.stringify(name)}`);
    form.require(shapes, all);
    const taps = Object.keys(shapes.student);
    return {
      loss: ({ student, teacher, images }) => {
        const maps = taps.map((tap) => compressed(form.matrix(student(tap)), form.matrix(teacher(tap)), Number(rank)));
        const terms = maps.slice(1).map(([ours, theirs], k) => {
          const [oursBefore, theirsBefore] = at(maps, k);
          return squaredDistance(kernel(ours, oursBefore), kernel(theirs, theirsBefore));
        });
        return div(addN(terms), images);
      },
    };
  },
};
