import type { Adapter } from '../algebra/adapter.ts';
import { abs, add, addN, div, greater, mul, select, square, sub } from '../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sum, withoutGradient } from '../algebra/reductions.ts';
import type { Shape } from '../network/network.ts';
import type { KdMethod, TermInputs } from './kd-method.ts';
import { adapter } from './terms/adapter.ts';
import { meanSquare, poolToSmaller } from './terms/maps.ts';
import { flatRows, unitRows } from './terms/rows.ts';
import {
  blocksOption,
  chooseBlocks,
  lastBlocks,
  MULTIPLE,
  pairTaps,
  requireSizes,
  type TapPair,
} from './terms/taps.ts';

/** Convolutions, each in front of a leaky ReLU: an adapter each, because networks have no such activation. */
interface Stack {
  readonly adapters: readonly Adapter[];
  readonly of: (map: Node, inputs: TermInputs) => Node;
}

interface StackOptions {
  readonly name: string;
  readonly from: Shape;
  /** Of each convolution's output. */
  readonly channels: readonly number[];
  /** Whether batch norm follows each convolution. */
  readonly isNormed: boolean;
  /** Whether what it reads has a gradient. */
  readonly differentiable: boolean;
}

/** Leaky ReLU with slope 0.1 below 0. */
const leaky = (x: Node): Node => mul(x, select(greater(x, 0), 1, 0.1));

/** Convolutions 3×3 with bias, which keep the size. */
function stack({ name, from, channels, isNormed, differentiable }: StackOptions): Stack {
  const adapters = channels.map((width, k) =>
    adapter({
      name: `${name}.${k}`,
      from: { ...from, channels: channels[k - 1] ?? from.channels },
      differentiable: differentiable || k > 0,
      layers: (net) => {
        const conv = net.conv(`${name}.${k}.0`, net.image, { channels: width, kernel: 3, bias: true });
        return isNormed ? net.batchNorm(`${name}.${k}.1`, conv) : conv;
      },
    }),
  );
  const of = (map: Node, { adapt }: TermInputs): Node => adapters.reduce((x, conv) => leaky(adapt(conv, x)), map);
  return { adapters, of };
}

/** How far factors are from each other. */
const FORMS: Readonly<Record<string, (ours: Node, theirs: Node) => Node>> = {
  code: (ours, theirs) => {
    // One number a pixel.
    const [a, b] = [ours, theirs].map((map) => unitRows(flatRows(mean(square(map), { axes: [3] })))) as [Node, Node];
    return mean(abs(sub(a, b)));
  },
  paper: (ours, theirs) => {
    const [a, b] = [ours, theirs].map((map) => unitRows(flatRows(map))) as [Node, Node];
    return div(sum(abs(sub(a, b))), lengthOf(a, 0));
  },
};

/** What one block adds to the term. */
function partOf({ tap, student, teacher }: TapPair, rate: number, share: number, distance: (a: Node, b: Node) => Node) {
  const factors = Math.max(1, Math.floor(rate * teacher.channels));
  const widths = [teacher.channels, factors, factors];
  const part = (name: string, from: Shape, channels: readonly number[]) => ({
    name: `ft.${tap}.${name}`,
    from,
    channels,
  });
  const encoder = stack({ ...part('encoder', teacher, widths), isNormed: false, differentiable: false });
  const decoder = stack({
    ...part('decoder', { ...teacher, channels: factors }, widths.toReversed()),
    isNormed: false,
    differentiable: true,
  });
  const translator = stack({
    ...part('translator', student, [student.channels, factors, factors]),
    isNormed: true,
    differentiable: true,
  });
  return {
    adapters: [encoder, decoder, translator].flatMap(({ adapters }) => adapters),
    loss: (inputs: TermInputs): Node => {
      const map = inputs.teacher(tap);
      const factor = encoder.of(map, inputs);
      const ours = translator.of(inputs.student(tap), inputs);
      const [a, b] = poolToSmaller(ours, withoutGradient(factor));
      return add(distance(a, b), mul(meanSquare(decoder.of(factor, inputs), map), share));
    },
  };
}

/**
 * Factor transfer: a paraphraser, an autoencoder, learns to say the teacher's map with fewer channels, its factor F_t, and a
 * translator makes the student's map into a factor F_s like it: L = Σ_blocks distance(F_s, F_t) + λ · mean (paraphrased − f_t)². No
 * gradient of the distance reaches the paraphraser. `code`: mean |n(F_s) − n(F_t)|, n = mean of squares over channels, its pixels at
 * length 1; `paper`: ‖n(F_s) − n(F_t)‖₁, mean over images, n = the factor at length 1.
 * The program of the published numbers trains the paraphraser first, 30 epochs, and then holds it; here it learns beside the student.
 * With the published weight and λ = 1/200 its loss weighs 1, as there.
 */
export const factorTransfer: KdMethod = {
  name: 'FT',
  source: 'Kim, Park, Kwak: Paraphrasing Complex Network: Network Compression via Factor Transfer, NeurIPS 2018',
  options: {
    blocks: blocksOption,
    ft_form: {
      enum: ['code', 'paper'],
      default: 'code',
      description:
        'code: squares of factors, averaged over channels, as RepDistiller; paper: whole factors. Both at length 1, by their L1 distance.',
    },
    ft_rate: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 0.5,
      description: 'k: channels of a factor, as a share of the teacher’s.',
    },
    ft_paraphrase: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 0.005,
      description:
        'λ: weight of the paraphraser’s own loss in the term. It learns beside the student; RepDistiller trains it 30 epochs before.',
    },
  },
  weighting: 'odds',
  published: {
    weight: 200,
    source:
      'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 200, behind 30 epochs of the paraphraser alone',
  },
  taps: ({ blocks }, available) => chooseBlocks('FT', blocks, available, lastBlocks(1)),
  create: ({ ft_form: form, ft_rate: rate, ft_paraphrase: share }, shapes, all) => {
    requireSizes('FT', MULTIPLE, shapes, all);
    const distance = typeof form === 'string' ? FORMS[form] : undefined;
    if (!distance) throw new Error(`FT has no form ${JSON.stringify(form)}`);
    const parts = pairTaps(shapes).map((pair) => partOf(pair, Number(rate), Number(share), distance));
    return {
      adapters: parts.flatMap(({ adapters }) => adapters),
      loss: (inputs) => addN(parts.map(({ loss }) => loss(inputs))),
    };
  },
};
