import type { Adapter } from '../algebra/adapter.ts';
import { add, addN, mul, sigmoid } from '../algebra/arithmetic.ts';
import { stretch, type MapSize } from '../algebra/maps.ts';
import type { Node } from '../algebra/node.ts';
import { concat, slice } from '../algebra/shapes.ts';
import type { KdMethod, TermInputs } from './kd-method.ts';
import { adapter } from './terms/adapter.ts';
import { hierarchicalContext } from './terms/hierarchical-context.ts';
import { allBlocks, blocksOption, chooseBlocks, EQUAL, requireSizes, pairTaps, type TapPair } from './terms/taps.ts';

const nameOf = (part: string, tap: string): string => `review.${tap}.${part}`;

/** conv 1×1 – BN to the common channels. */
function reducer({ tap, student }: TapPair, channels: number): Adapter {
  const name = nameOf('reduce', tap);
  return adapter({
    name,
    from: student,
    layers: (net) => net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, { channels, kernel: 1 })),
  });
}

/** Two weights a pixel, before the sigmoid: of the level's own features, and of those from above. */
function attention({ tap, student }: TapPair, channels: number): Adapter {
  const name = nameOf('attention', tap);
  return adapter({
    name,
    from: { ...student, channels: 2 * channels },
    layers: (net) => net.conv(name, net.image, { channels: 2, kernel: 1, bias: true }),
  });
}

/** conv 3×3 – BN from the common channels to the teacher's. */
function expander({ tap, student, teacher }: TapPair, channels: number): Adapter {
  const name = nameOf('expand', tap);
  return adapter({
    name,
    from: { ...student, channels },
    layers: (net) =>
      net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, { channels: teacher.channels, kernel: 3 })),
  });
}

/** A level's adapters; the deepest one pays attention to nothing above it. */
interface Level {
  readonly tap: string;
  readonly size: MapSize;
  readonly reduce: Adapter;
  readonly attend?: Adapter;
  readonly expand: Adapter;
}

const levelOf = (pair: TapPair, channels: number, isDeepest: boolean): Level => ({
  tap: pair.tap,
  size: pair.student,
  reduce: reducer(pair, channels),
  ...(!isDeepest && { attend: attention(pair, channels) }),
  expand: expander(pair, channels),
});

/** The features of a level: its own and those of the level above it, weighed pixel by pixel. */
function fuse({ tap, size, reduce, attend }: Level, deeper: Node | undefined, { student, adapt }: TermInputs): Node {
  const own = adapt(reduce, student(tap));
  if (!attend || !deeper) return own;
  const above = stretch(deeper, size);
  const weights = sigmoid(adapt(attend, concat([own, above], -1)));
  const weightOf = (from: number): Node => slice(weights, { axis: -1, from, length: 1 });
  return add(mul(own, weightOf(0)), mul(above, weightOf(1)));
}

/**
 * Knowledge review: each level of the teacher is learned from the student's level and all deeper ones, fused from the
 * deepest upwards by attention; L = Σ_blocks hierarchical context loss ({@link hierarchicalContext}).
 */
export const review: KdMethod = {
  name: 'ReviewKD',
  source: 'Chen, Liu, Zhao, Jia: Distilling Knowledge via Knowledge Review, CVPR 2021',
  options: {
    blocks: blocksOption,
    review_channels: {
      type: 'integer',
      minimum: 1,
      default: 512,
      description: 'Channels that levels are fused at; no more than the student’s deepest block has.',
    },
  },
  weighting: 'odds',
  taps: ({ blocks }, available) => chooseBlocks('ReviewKD', blocks, available, allBlocks),
  create: ({ review_channels: most }, shapes, all) => {
    requireSizes('ReviewKD', EQUAL, shapes, all);
    const deepestFirst = pairTaps(shapes).toReversed();
    const channels = Math.min(Number(most), deepestFirst[0]?.student.channels ?? Infinity);
    const levels = deepestFirst.map((pair, index) => levelOf(pair, channels, index === 0));
    return {
      adapters: levels.flatMap(({ reduce, attend, expand }) => [reduce, ...(attend ? [attend] : []), expand]),
      loss: (inputs) => {
        let above: Node | undefined;
        const terms = levels.map((level) => {
          above = fuse(level, above, inputs);
          return hierarchicalContext(inputs.adapt(level.expand, above), inputs.teacher(level.tap));
        });
        return addN(terms);
      },
    };
  },
};
