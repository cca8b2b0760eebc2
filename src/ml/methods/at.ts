import { addN, div, mean, square, sub, type Scalar, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import type { KdMethod } from './kd-method.ts';
import { energyOf, pooledAlike } from './ops/maps.ts';
import { norms, unitRows } from './ops/rows.ts';
import { blocksOption, blockTaps, lastBlocks, MULTIPLE, requireSizes } from './terms/taps.ts';

/** Attention of each sample: A = mean_c f², flattened, L2-normalised: [N, H, W, C] → [N, H·W]. */
const attention = (map: Tensor4D): Tensor => unitRows(div(energyOf(map), map.shape[3]));

/** `code`: mean over samples and positions of (A_s − A_t)²; `paper`: mean over samples of ‖A_s − A_t‖₂. */
const FORMS: Readonly<Record<string, (difference: Tensor) => Scalar>> = {
  code: (difference) => mean(square(difference)),
  paper: (difference) => mean(norms(difference)),
};

/** Attention transfer: sum over blocks of a distance between normalised spatial attention maps. */
export const attentionTransfer: KdMethod = {
  name: 'AT',
  source: 'Zagoruyko, Komodakis: Paying More Attention to Attention, ICLR 2017',
  options: {
    blocks: blocksOption,
    at_form: {
      enum: ['code', 'paper'],
      default: 'code',
      description: 'code: mean squared difference, as the authors’ program; paper: mean L2 norm of the difference.',
    },
  },
  weighting: 'plain',
  taps: ({ blocks }, available) => blockTaps('AT', blocks, available, lastBlocks(2)),
  create: ({ at_form: form }, shapes, all) => {
    requireSizes('AT', MULTIPLE, shapes, all);
    const distance = typeof form === 'string' ? FORMS[form] : undefined;
    if (!distance) throw new Error(`AT has no form ${JSON.stringify(form)}`);
    return {
      loss: ({ teacher, student }) =>
        addN(
          Object.keys(shapes.student).map((tap) => {
            const [ours, theirs] = pooledAlike(student[tap] as Tensor4D, teacher[tap] as Tensor4D);
            return distance(sub(attention(ours), attention(theirs)));
          }),
        ),
    };
  },
};
