import type { Adapter } from '../algebra/adapter.ts';
import { add, addN, mul, sigmoid } from '../algebra/arithmetic.ts';
import { stretch, type MapSize } from '../algebra/maps.ts';
import type { Node } from '../algebra/node.ts';
import { concat, slice } from '../algebra/shapes.ts';
import type { KdMethod, Sides, TermInputs } from './kd-method.ts';
import { adapter, projection } from './terms/adapter.ts';
import { hierarchicalContext } from './terms/hierarchical-context.ts';
import {
  allBlocks,
  blocksOption,
  chooseBlocks,
  preactivation,
  requireTap,
  pairInOrder,
  type TapPair,
  type TargetPair,
} from './terms/taps.ts';

/** Names of taps. */
type Taps = Sides<readonly string[]>;

const nameOf = (part: string, tap: string): string => `review.${tap}.${part}`;

/** Two weights a pixel, before the sigmoid: of the level's own features, and of those from above. */
function attention({ tap, student }: TapPair, channels: number): Adapter {
  const name = nameOf('attention', tap);
  return adapter({
    name,
    from: { ...student, channels: 2 * channels },
    layers: (net) => net.conv(name, net.image, { channels: 2, kernel: 1, bias: true }),
  });
}

/** conv 3×3 – BN from the common channels to the teacher's, at the teacher's size. */
function expander({ tap, teacher }: TapPair, channels: number): Adapter {
  const name = nameOf('expand', tap);
  return adapter({
    name,
    from: { ...teacher, channels },
    layers: (net) =>
      net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, { channels: teacher.channels, kernel: 3 })),
  });
}

/** A level's adapters; the deepest one pays attention to nothing above it. */
interface Level {
  readonly tap: string;
  readonly target: string;
  /** Of the student's map, and of the teacher's. */
  readonly size: MapSize;
  readonly to: MapSize;
  readonly reduce: Adapter;
  readonly attend?: Adapter;
  readonly expand: Adapter;
}

const levelOf = (pair: TargetPair, channels: number, isDeepest: boolean): Level => ({
  tap: pair.tap,
  target: pair.target,
  size: pair.student,
  to: pair.teacher,
  reduce: projection(nameOf('reduce', pair.tap), pair.student, channels),
  ...(!isDeepest && { attend: attention(pair, channels) }),
  expand: expander(pair, channels),
});

/** The features of a level at the teacher's size: its own and those of the level above it, weighed pixel by pixel. */
function fuse(level: Level, deeper: Node | undefined, { student, adapt }: TermInputs): Node {
  const { tap, size, to, reduce, attend } = level;
  const own = adapt(reduce, student(tap));
  if (!attend || !deeper) return stretch(own, to);
  const above = stretch(deeper, size);
  const weights = sigmoid(adapt(attend, concat([own, above], -1)));
  const weightOf = (from: number): Node => slice(weights, { axis: -1, from, length: 1 });
  return stretch(add(mul(own, weightOf(0)), mul(above, weightOf(1))), to);
}

/** What is compared: `code` has the pooled features as the deepest level, and teachers' maps before their last ReLU. */
const FORMS = {
  code: (blocks: readonly string[], available: Taps): Taps => {
    requireTap('ReviewKD', 'pooled', available);
    const before = blocks.map((block) => preactivation(block, available.teacher));
    return { teacher: [...before, 'pooled'], student: [...blocks, 'pooled'] };
  },
  blocks: (blocks: readonly string[]): Taps => ({ teacher: blocks, student: blocks }),
};

/**
 * Knowledge review: each level of the teacher is learned from the student's level and all deeper ones, fused from the
 * deepest upwards by attention; L = Σ_levels hierarchical context loss ({@link hierarchicalContext}). `code`: the program of the
 * published numbers, whose deepest level is the pooled features, and whose teacher is read before its last ReLUs; maps may differ in size.
 */
export const review: KdMethod = {
  name: 'ReviewKD',
  source: 'Chen, Liu, Zhao, Jia: Distilling Knowledge via Knowledge Review, CVPR 2021',
  options: {
    blocks: blocksOption,
    review_form: {
      enum: ['code', 'blocks'],
      default: 'code',
      description:
        'code: as mdistiller, the pooled features are a level too, and teachers are read before ReLUs; blocks: their outputs alone.',
    },
    review_channels: {
      type: 'integer',
      minimum: 1,
      default: 512,
      description: 'Channels that levels are fused at; no more than the student’s deepest level has.',
    },
  },
  weighting: 'odds',
  // 1: the pooled level and pre-activations, as published.
  revision: 1,
  taps: ({ blocks, review_form: form }, available) => {
    const chosen = chooseBlocks('ReviewKD', blocks, available, allBlocks).student;
    return (form === 'blocks' ? FORMS.blocks : FORMS.code)(chosen, available);
  },
  create: ({ review_channels: most }, shapes) => {
    const deepestFirst = pairInOrder(shapes).toReversed();
    const channels = Math.min(Number(most), deepestFirst[0]?.student.channels ?? Infinity);
    const levels = deepestFirst.map((pair, index) => levelOf(pair, channels, index === 0));
    return {
      adapters: levels.flatMap(({ reduce, attend, expand }) => [reduce, ...(attend ? [attend] : []), expand]),
      loss: (inputs) => {
        let above: Node | undefined;
        const terms = levels.map((level) => {
          above = fuse(level, above, inputs);
          return hierarchicalContext(inputs.adapt(level.expand, above), inputs.teacher(level.target));
        });
        return addN(terms);
      },
    };
  },
};
