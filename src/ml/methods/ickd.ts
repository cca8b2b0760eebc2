import { addN, mul } from '../algebra/arithmetic.ts';
import { columnGram } from '../algebra/matrices.ts';
import type { Node } from '../algebra/node.ts';
import type { KdMethod } from './kd-method.ts';
import { alignTap, projection, type Aligned } from './terms/adapter.ts';
import { columns, squaredDistance } from './terms/maps.ts';
import { unitRows } from './terms/rows.ts';
import { blocksOption, chooseBlocks, lastBlocks, pairTaps, type TapPair } from './terms/taps.ts';

/** Products of all pairs of channels of an image, rows L2-normalised: [N, H, W, C] → [N, C, C]. */
const correlations = (map: Node): Node => unitRows(columnGram(columns(map)));

/** What the authors' two programs differ in: how the student's map comes to the teacher's channels, and what is divided by. */
interface Form {
  readonly project: (pair: TapPair) => Aligned;
  readonly divisor: (images: number) => number;
}

const FORMS: Readonly<Record<string, Form>> = {
  cifar: {
    project: ({ tap, student, teacher }) => {
      const made = projection(`ickd.${tap}.embedding`, student, teacher.channels);
      return { adapters: [made], of: (inputs) => inputs.adapt(made, inputs.student(tap)) };
    },
    divisor: (images) => images,
  },
  imagenet: {
    project: (pair) => alignTap(`ickd.${pair.tap}.align`, pair.tap, pair),
    divisor: (images) => images ** 2,
  },
};

/**
 * Inter-channel correlation: G_i = F_i F_iᵀ over an image's channels, rows normalised, L = Σ_blocks Σ_i ‖G_s,i − G_t,i‖²/(C · D). Maps
 * may differ in size. As the authors' programs have it: `cifar`, behind a trained 1×1 convolution and batch norm of the student's
 * map, D = N; `imagenet`, of the map itself, with a 1×1 convolution only where channels differ, D = N².
 */
export const interChannel: KdMethod = {
  name: 'ICKD',
  source:
    'Liu, Huang, Lin, Xie, Wang, Chang, Liang: Exploring Inter-Channel Correlation for Diversity-preserved Knowledge Distillation, ICCV 2021',
  options: {
    blocks: blocksOption,
    ickd_form: {
      enum: ['cifar', 'imagenet'],
      default: 'cifar',
      description:
        'Which of the authors’ programs. cifar: the student’s map goes through a trained 1×1 convolution and batch norm; imagenet: it is read as it is, or through a 1×1 convolution where channels differ, and the term is divided by N once more.',
    },
  },
  weighting: 'odds',
  published: { weight: 2.5, source: 'the authors’ program on CIFAR-100: -b 2.5' },
  // 1: the projector and the divisor of the program whose weight is published.
  revision: 1,
  taps: ({ blocks }, available) => chooseBlocks('ICKD', blocks, available, lastBlocks(1)),
  create: ({ ickd_form: name }, shapes) => {
    const form = typeof name === 'string' ? FORMS[name] : undefined;
    if (!form) throw new Error(`ICKD has no form ${JSON.stringify(name)}`);
    const parts = pairTaps(shapes).map((pair) => ({ ...pair, ours: form.project(pair) }));
    return {
      adapters: parts.flatMap(({ ours }) => ours.adapters),
      loss: (inputs) =>
        addN(
          parts.map(({ tap, ours, teacher: { channels } }) => {
            const apart = squaredDistance(correlations(ours.of(inputs)), correlations(inputs.teacher(tap)));
            return mul(apart, 1 / (channels * form.divisor(inputs.images)));
          }),
        ),
    };
  },
};
