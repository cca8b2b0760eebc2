import type { Shape } from '../network/network.ts';
import { uniforms } from '../random/random.ts';
import type { Adapter } from '../algebra/adapter.ts';
import { addN, mul } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';
import type { Draw, KdMethod, TermInputs } from './kd-method.ts';
import { adapter, alignTap } from './terms/adapter.ts';
import { squaredDistance } from './terms/maps.ts';
import { blocksOption, chooseBlocks, EQUAL, lastBlocks, requireSizes, pairTaps, type TapPair } from './terms/taps.ts';

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
 * @returns [images, channels]
 */
export function channelMask(size: MaskSize, rate: number, draw: Draw): Float32Array {
  const { images, channels, block } = size;
  const kept = new Float32Array(images * channels);
  for (let image = 0; image < images; image++) {
    const next = uniforms(draw.seed, 'mask', draw.step, block * IMAGES + image);
    for (let channel = 0; channel < channels; channel++) kept[image * channels + channel] = next() < rate ? 0 : 1;
  }
  return kept;
}

/** conv 3×3 – ReLU – conv 3×3, at the teacher's channels. */
function generator(name: string, from: Shape): Adapter {
  const options = { channels: from.channels, kernel: 3, bias: true };
  return adapter({
    name,
    from,
    layers: (net) =>
      net.conv(`${name}.2`, net.activation(`${name}.1`, net.conv(`${name}.0`, net.image, options)), options),
  });
}

/** What one block adds to the term. */
interface Part {
  readonly adapters: readonly Adapter[];
  readonly loss: (inputs: TermInputs) => Node;
  /** Name of the mask, and its values for a step. */
  readonly mask: string;
  readonly draw: (images: number, draw: Draw) => Float32Array;
}

function partOf({ tap, student, teacher }: TapPair, alpha: number, rate: number): Part {
  const { channels } = teacher;
  const block = Number(tap.slice('block'.length));
  const mask = `mgd.${tap}.mask`;
  const align = alignTap(`mgd.${tap}.align`, tap, { student, teacher });
  const generation = generator(`mgd.${tap}.generation`, teacher);
  return {
    adapters: [...align.adapters, generation],
    loss: (inputs) => {
      const { images } = inputs;
      const masked = mul(align.of(inputs), inputs.step(mask, [images, 1, 1, channels]));
      return mul(squaredDistance(inputs.adapt(generation, masked), inputs.teacher(tap)), alpha / images);
    },
    mask,
    draw: (images, draw) => channelMask({ images, channels, block }, rate, draw),
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
  taps: ({ blocks }, available) => chooseBlocks('MGD', blocks, available, lastBlocks(1)),
  create: ({ mgd_alpha: alpha, mgd_mask: rate }, shapes, all) => {
    requireSizes('MGD', EQUAL, shapes, all);
    const parts = pairTaps(shapes).map((pair) => partOf(pair, Number(alpha), Number(rate)));
    return {
      adapters: parts.flatMap(({ adapters }) => adapters),
      loss: (inputs) => addN(parts.map(({ loss }) => loss(inputs))),
      fill: ({ indices, draw }) =>
        Object.fromEntries(parts.map((part) => [part.mask, part.draw(indices.length, draw)] as const)),
    };
  },
};
