import type { Adapter } from '../algebra/adapter.ts';
import { add, addN, div, log, mul, softplus, square, sub } from '../algebra/arithmetic.ts';
import { constant } from '../algebra/inputs.ts';
import { sizeOf, type Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import type { KdMethod, TermInputs } from './kd-method.ts';
import { adapter } from './terms/adapter.ts';
import { poolToSmaller } from './terms/maps.ts';
import { allBlocks, blocksOption, chooseBlocks, MULTIPLE, requireSizes, pairTaps, type TapPair } from './terms/taps.ts';

/** Least variance. */
const EPSILON = 1e-5;

/** Predicts the teacher's map: three 1×1 convolutions without bias, ReLU between them. */
function predictor({ tap, student, teacher }: TapPair): Adapter {
  const from = {
    height: Math.min(student.height, teacher.height),
    width: Math.min(student.width, teacher.width),
    channels: student.channels,
  };
  const name = `vid.${tap}.mean`;
  const options = { channels: teacher.channels, kernel: 1 };
  return adapter({
    name,
    from,
    layers: (net) => {
      const first = net.activation(`${name}.1`, net.conv(`${name}.0`, net.image, options));
      const second = net.activation(`${name}.3`, net.conv(`${name}.2`, first, options));
      return net.conv(`${name}.4`, second, options);
    },
  });
}

/** One free number a channel: the bias of a linear layer whose input is always 0. */
function scale({ tap, teacher }: TapPair, variance: number): Adapter {
  const name = `vid.${tap}.scale`;
  return adapter({
    name,
    from: { height: 1, width: 1, channels: 1 },
    differentiable: false,
    initial: { [`${name}.weight`]: 0, [`${name}.bias`]: Math.log(Math.expm1(variance - EPSILON)) },
    layers: (net) => net.linear(name, net.image, teacher.channels),
  });
}

/** What one block adds to the term. */
interface Part {
  readonly adapters: readonly Adapter[];
  readonly loss: (inputs: TermInputs) => Node;
}

/** mean ½ ((μ − f_t)²/σ² + log σ²), σ² = softplus(scale) + ε for each channel. */
function partOf(pair: TapPair, start: number): Part {
  const [predict, deviation] = [predictor(pair), scale(pair, start)];
  return {
    adapters: [predict, deviation],
    loss: ({ teacher, student, adapt, images }) => {
      const [ours, theirs] = poolToSmaller(student(pair.tap), teacher(pair.tap));
      const overPixels = { axes: [0, 1, 2] };
      // Equal for all images.
      const scales = mean(adapt(deviation, constant(0, [images, 1, 1, 1])), overPixels);
      const variance = add(softplus(scales), EPSILON);
      const distances = sum(square(sub(adapt(predict, ours), theirs)), overPixels);
      const perValue = div(sum(div(distances, variance)), sizeOf(theirs.shape));
      return mul(add(perValue, div(sum(log(variance)), pair.teacher.channels)), 0.5);
    },
  };
}

/**
 * Variational information: the student's maps tell as much as possible of the teacher's, by a Gaussian whose mean is
 * predicted from them and whose variance, one a channel, is learned; of maps of unequal size the larger is average-pooled: L = Σ_blocks mean ½ ((μ(f_s) − f_t)²/σ² + log σ²).
 */
export const variational: KdMethod = {
  name: 'VID',
  source: 'Ahn, Hu, Damianou, Lawrence, Dai: Variational Information Distillation for Knowledge Transfer, CVPR 2019',
  options: {
    blocks: blocksOption,
    vid_variance: { type: 'number', exclusiveMinimum: 1e-4, default: 5, description: 'σ² that training starts from.' },
  },
  weighting: 'odds',
  published: { weight: 1, source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 1' },
  taps: ({ blocks }, available) => chooseBlocks('VID', blocks, available, allBlocks),
  create: ({ vid_variance: variance }, shapes, all) => {
    requireSizes('VID', MULTIPLE, shapes, all);
    const parts = pairTaps(shapes).map((pair) => partOf(pair, Number(variance)));
    return {
      adapters: parts.flatMap(({ adapters }) => adapters),
      loss: (inputs) => addN(parts.map(({ loss }) => loss(inputs))),
    };
  },
};
