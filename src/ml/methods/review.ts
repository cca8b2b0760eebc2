import { addN, div, matMul, mul, tensor } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { adapter } from './adapter.ts';
import { columns } from './columns.ts';
import { sideBySide, weighed } from './fusion.ts';
import type { Adapter, KdBatch, KdMethod } from './kd-method.ts';
import { meanSquare, stretched } from './maps.ts';
import { allBlocks, blocksOption, blockTaps, EQUAL, requireSizes, tapPairs, type TapPair } from './taps.ts';

/** Sides that maps are pooled to, those that are smaller than the map; each weighs half of what the one before does. */
const POOLED = [4, 2, 1];

/** First and last pixel (exclusive) of each window of PyTorch's adaptive pooling; neighbours may overlap. */
const windows = (from: number, to: number): readonly (readonly [number, number])[] =>
  Array.from({ length: to }, (_, i) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)]);

/** Adaptive average pooling as a matrix [to², height · width]. */
function poolingMatrix(height: number, width: number, to: number): Tensor3D {
  const matrix = new Float32Array(to * to * height * width);
  windows(height, to).forEach(([top, bottom], i) => {
    windows(width, to).forEach(([left, right], j) => {
      const share = 1 / ((bottom - top) * (right - left));
      for (let y = top; y < bottom; y++)
        for (let x = left; x < right; x++) matrix[(i * to + j) * height * width + y * width + x] = share;
    });
  });
  return tensor(matrix, [1, to * to, height * width]);
}

/**
 * Hierarchical context loss: mean squared differences of the maps and of their pooled forms, weights 1, ½, ¼, ⅛ in the
 * order of the forms that there are, divided by their sum.
 *
 * @param ours - [N, H, W, C]
 * @param theirs - the same shape
 * @returns the scalar
 */
export function hierarchicalContext(ours: Tensor, theirs: Tensor): Scalar {
  const [, height = 0, width = 0] = theirs.shape;
  const smaller = POOLED.filter((side) => side < height);
  const weightOf = (k: number): number => 0.5 ** (k + 1);
  const terms = smaller.map((side, k) => {
    const matrix = poolingMatrix(height, width, side);
    const pooled = (map: Tensor): Tensor => matMul(matrix, columns(map as Tensor4D));
    return mul<Scalar>(meanSquare(pooled(ours), pooled(theirs)), weightOf(k));
  });
  const weights = smaller.reduce((total, _, k) => total + weightOf(k), 1);
  return div(addN([meanSquare(ours, theirs), ...terms]), weights);
}

/** The fusion of a level: its own features and those of the level above it, weighed pixel by pixel. */
interface Level {
  readonly pair: TapPair;
  readonly adapters: readonly Adapter[];
  readonly fused: (batch: KdBatch) => Tensor4D;
}

const nameOf = (part: string, tap: string): string => `review.${tap}.${part}`;

/** conv 1×1 – BN to the common channels. */
function reducer({ tap, student }: TapPair, channels: number): Adapter {
  const name = nameOf('reduce', tap);
  return adapter({
    ...{ name, from: student, input: (batch) => batch.student[tap] as Tensor },
    layers: (net) => net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, { channels, kernel: 1 })),
  });
}

/** Two weights a pixel, before the sigmoid: of the level's own features, and of those from above. */
function attention({ tap, student }: TapPair, channels: number, input: Adapter['input']): Adapter {
  const name = nameOf('attention', tap);
  return adapter({
    ...{ name, from: { ...student, channels: 2 * channels }, input },
    layers: (net) => net.conv(name, net.image, { channels: 2, kernel: 1, bias: true }),
  });
}

/** conv 3×3 – BN from the common channels to the teacher's. */
function expander({ tap, student, teacher }: TapPair, channels: number, input: Adapter['input']): Adapter {
  const name = nameOf('expand', tap);
  return adapter({
    ...{ name, from: { ...student, channels }, input },
    layers: (net) =>
      net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, { channels: teacher.channels, kernel: 3 })),
  });
}

function levelOf(pair: TapPair, above: Level | undefined, channels: number): Level {
  const own = (batch: KdBatch): Tensor4D => batch.student[nameOf('reduce', pair.tap)] as Tensor4D;
  const reduce = reducer(pair, channels);
  if (!above) return { pair, fused: own, adapters: [reduce, expander(pair, channels, own)] };
  const from = (batch: KdBatch): Tensor4D => stretched(above.fused(batch), pair.student);
  const attend = attention(pair, channels, (batch) => sideBySide(own(batch), from(batch)));
  const fused = (batch: KdBatch): Tensor4D => weighed(own(batch), from(batch), batch.student[attend.name] as Tensor4D);
  return { pair, fused, adapters: [reduce, attend, expander(pair, channels, fused)] };
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
  taps: ({ blocks }, available) => blockTaps('ReviewKD', blocks, available, allBlocks),
  create: ({ review_channels: most }, shapes, all) => {
    requireSizes('ReviewKD', EQUAL, shapes, all);
    const deepestFirst = tapPairs(shapes).toReversed();
    const channels = Math.min(Number(most), deepestFirst[0]?.student.channels ?? Infinity);
    const levels: Level[] = [];
    for (const pair of deepestFirst) levels.push(levelOf(pair, levels.at(-1), channels));
    return {
      adapters: levels.flatMap(({ adapters }) => adapters),
      loss: (batch) =>
        addN(
          levels.map(({ pair: { tap } }) =>
            hierarchicalContext(batch.student[nameOf('expand', tap)] as Tensor, batch.teacher[tap] as Tensor),
          ),
        ),
    };
  },
};
