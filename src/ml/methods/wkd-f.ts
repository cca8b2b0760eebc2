import { add, addN, div, mul, sqrt, square, sub } from '../algebra/arithmetic.ts';
import { at } from '../../util/at.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import { slice } from '../algebra/shapes.ts';
import type { KdMethod, TapShapes } from './kd-method.ts';
import { adapter, alignTap, type Aligned } from './terms/adapter.ts';
import { columns, squaredDistance } from './terms/maps.ts';
import { activatedRegressor } from './terms/regressor.ts';
import {
  blocksOption,
  chooseBlocks,
  EQUAL,
  lastBlocks,
  pairTaps,
  REGRESSED,
  requireSizes,
  type TapPair,
} from './terms/taps.ts';

/** Channels within a bottleneck, as in the authors' program. */
const HIDDEN = 256;

/** Convolutions 1×1, 3×3, 1×1 with nothing between them, then batch norm and ReLU. */
function bottleneck({ tap, student, teacher }: TapPair): Aligned {
  const name = `wkd.${tap}.bottleneck`;
  const made = adapter({
    name,
    from: student,
    layers: (net) => {
      const widths = [
        { channels: HIDDEN, kernel: 1 },
        { channels: HIDDEN, kernel: 3 },
        { channels: teacher.channels, kernel: 1 },
      ];
      const last = widths.reduce(
        (from, window, k) => net.conv(`${name}.${k}`, from, { ...window, bias: true }),
        net.image,
      );
      return net.activation(`${name}.4`, net.batchNorm(`${name}.3`, last));
    },
  });
  return { adapters: [made], of: (inputs) => inputs.adapt(made, inputs.student(tap)) };
}

/** What a student's map goes through. */
interface Projector {
  /** Refuses sizes that it cannot take. */
  readonly require: (shapes: TapShapes, all: TapShapes) => void;
  readonly project: (pair: TapPair) => Aligned;
}

const PROJECTORS: Readonly<Record<string, Projector>> = {
  conv: {
    require: (shapes, all) => {
      requireSizes('WKD-F', REGRESSED, shapes, all);
    },
    project: (pair) => activatedRegressor(`wkd.${pair.tap}.regressor`, pair.tap, pair),
  },
  bottleneck: {
    require: (shapes, all) => {
      requireSizes('WKD-F', EQUAL, shapes, all);
    },
    project: bottleneck,
  },
  align: { require: () => undefined, project: (pair) => alignTap(`wkd.${pair.tap}.align`, pair.tap, pair) },
};

/** Windows of a map that a grid divides it in, as PyTorch's adaptive pooling does: neighbours overlap where it cannot be divided. */
function cells(map: Node, grid: number): readonly Node[] {
  const along = (axis: number) => (part: Node) =>
    Array.from({ length: grid }, (_, k) => {
      const size = lengthOf(map, axis);
      const from = Math.floor((k * size) / grid);
      return slice(part, { axis, from, length: Math.ceil(((k + 1) * size) / grid) - from });
    });
  return along(1)(map).flatMap(along(2));
}

/** Each channel's mean and standard deviation √(unbiased variance + 1e-5) over the pixels of an image. */
function moments(map: Node): { readonly mean: Node; readonly deviation: Node } {
  const pixels = columns(map);
  const overPixels = { axes: [1], keepDims: true };
  const centre = mean(pixels, overPixels);
  const spreads = sum(square(sub(pixels, centre)), overPixels);
  const variance = div(spreads, Math.max(lengthOf(pixels, 1) - 1, 1));
  return { mean: centre, deviation: sqrt(add(variance, 1e-5)) };
}

/** Mean over images of γ ‖μ_s − μ_t‖² + ‖σ_s − σ_t‖². */
function distance(ours: Node, theirs: Node, meanWeight: number): Node {
  const [a, b] = [moments(ours), moments(theirs)];
  const total = add(mul(squaredDistance(a.mean, b.mean), meanWeight), squaredDistance(a.deviation, b.deviation));
  return div(total, lengthOf(theirs, 0));
}

/**
 * Wasserstein distance of features: each cell of a grid over a map as a Gaussian with diagonal covariance over its pixels,
 * L = Σ_blocks mean over cells, mean over images of γ ‖μ_s − μ_t‖² + ‖σ_s − σ_t‖². The student's map goes through a projector that is
 * trained along. The authors' program, whose weight, γ and grid differ from pair to pair, also lowers the weight along a cosine from epoch 150 on.
 */
export const wassersteinFeatures: KdMethod = {
  name: 'WKD-F',
  source:
    'Lv, Yang, Li: Wasserstein Distance Rivals Kullback-Leibler Divergence for Knowledge Distillation, NeurIPS 2024',
  options: {
    blocks: blocksOption,
    wkd_mean: { type: 'number', minimum: 0, default: 2, description: 'γ: weight of the means beside the deviations.' },
    wkd_projector: {
      enum: ['conv', 'bottleneck', 'align'],
      default: 'conv',
      description:
        'What the student’s map goes through. conv, bottleneck: a convolution, or three (1×1, 3×3, 1×1), then batch norm and ReLU, as the authors’ program on CIFAR-100 and on ImageNet; align: a 1×1 convolution, only where channels differ: maps of any sizes.',
    },
    wkd_grid: {
      type: 'integer',
      minimum: 1,
      default: 1,
      description: 'Cells along each side of a map; the authors’ program has 1 or 4.',
    },
  },
  weighting: 'odds',
  // 1: the projector of the authors' program.
  revision: 1,
  taps: ({ blocks }, available) => chooseBlocks('WKD-F', blocks, available, lastBlocks(1)),
  create: ({ wkd_mean: weight, wkd_projector: name, wkd_grid: grid }, shapes, all) => {
    const projector = typeof name === 'string' ? PROJECTORS[name] : undefined;
    if (!projector) throw new Error(`WKD-F has no projector ${JSON.stringify(name)}`);
    projector.require(shapes, all);
    const parts = pairTaps(shapes).map((pair) => ({ ...pair, ours: projector.project(pair) }));
    return {
      adapters: parts.flatMap(({ ours }) => ours.adapters),
      loss: (inputs) =>
        addN(
          parts.map(({ tap, ours }) => {
            const theirs = cells(inputs.teacher(tap), Number(grid));
            const each = cells(ours.of(inputs), Number(grid)).map((cell, k) =>
              distance(cell, at(theirs, k), Number(weight)),
            );
            return div(addN(each), each.length);
          }),
        ),
    };
  },
};
