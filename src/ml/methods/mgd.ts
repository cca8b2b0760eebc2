import { addN, mul, tensor, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '../network/network.ts';
import { uniforms } from '../random/random.ts';
import { adapter, alignTap } from './terms/adapter.ts';
import type { Adapter, Draw, KdBatch, KdMethod } from './kd-method.ts';
import { squaredDistance } from './ops/maps.ts';
import { blocksOption, blockTaps, EQUAL, lastBlocks, requireSizes, tapPairs, type TapPair } from './terms/taps.ts';

/** More than any batch: blocks draw apart from each other. */
const IMAGES = 2 ** 16;

/** What a mask is for. */
export interface MaskSize {
  readonly images: number;
  readonly channels: number;
  /** Number of the block. */
  readonly block: number;
}

/**
 * Which channels of which images are kept: 1, and 0 with probability p.
 *
 * @param size - of the mask
 * @param rate - p
 * @param draw - where the stream `mask` stands
 * @returns [images, 1, 1, channels]
 */
export function channelMask(size: MaskSize, rate: number, draw: Draw): Tensor {
  const { images, channels, block } = size;
  const kept = new Float32Array(images * channels);
  for (let image = 0; image < images; image++) {
    const next = uniforms(draw.seed, 'mask', draw.step, block * IMAGES + image);
    for (let channel = 0; channel < channels; channel++) kept[image * channels + channel] = next() < rate ? 0 : 1;
  }
  return tensor(kept, [images, 1, 1, channels]);
}

/** conv 3×3 – ReLU – conv 3×3, at the teacher's channels. */
function generator(name: string, from: Shape): Adapter {
  const options = { channels: from.channels, kernel: 3, bias: true };
  return adapter({
    ...{ name, from },
    layers: (net) =>
      net.conv(`${name}.2`, net.activation(`${name}.1`, net.conv(`${name}.0`, net.image, options)), options),
  });
}

/** What one block adds to the term. */
interface Part {
  readonly adapters: readonly Adapter[];
  readonly loss: (batch: KdBatch) => Scalar;
}

function partOf({ tap, student, teacher }: TapPair, alpha: number, rate: number): Part {
  const block = Number(tap.slice('block'.length));
  const align = alignTap(`mgd.${tap}.align`, tap, { student, teacher });
  const generation = generator(`mgd.${tap}.generation`, teacher);
  return {
    adapters: [...align.adapters, generation],
    loss: (batch) => {
      const map = align.of(batch);
      const [images = 0] = map.shape;
      const mask = channelMask({ images, channels: teacher.channels, block }, rate, batch.draw);
      const generated = batch.through(generation, mul(map, mask));
      return mul(squaredDistance(generated, batch.teacher[tap] as Tensor), alpha / images);
    },
  };
}

/**
 * Masked generative distillation: the student's map, with channels erased at random, has to let a small generator make
 * the teacher's: L = Σ_blocks α/N · Σ (g(m ∘ align(f_s)) − f_t)², g = conv 3×3 – ReLU – conv 3×3, align = conv 1×1 only
 * where channels differ, m = 0 with probability p for each image and channel. g and align are trained along.
 */
export const maskedGenerative: KdMethod = {
  name: 'MGD',
  source: 'Yang, Li, Shao, Shi, Yuan, Yuan: Masked Generative Distillation, ECCV 2022',
  options: {
    blocks: blocksOption,
    mgd_alpha: { type: 'number', exclusiveMinimum: 0, default: 7e-5, description: 'α: scale of the term.' },
    mgd_mask: {
      type: 'number',
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.15,
      description: 'p: probability that a channel of an image is erased.',
    },
  },
  weighting: 'odds',
  taps: ({ blocks }, available) => blockTaps('MGD', blocks, available, lastBlocks(1)),
  create: ({ mgd_alpha: alpha, mgd_mask: rate }, shapes, all) => {
    requireSizes('MGD', EQUAL, shapes, all);
    const parts = tapPairs(shapes).map((pair) => partOf(pair, Number(alpha), Number(rate)));
    return {
      adapters: parts.flatMap(({ adapters }) => adapters),
      loss: (batch) => addN(parts.map(({ loss }) => loss(batch))),
    };
  },
};
