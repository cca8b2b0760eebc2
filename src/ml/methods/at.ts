import { addN, square, sub } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';
import { mean } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { poolToSmaller } from './terms/maps.ts';
import { flatRows, norms, unitRows } from './terms/rows.ts';
import { blocksOption, chooseBlocks, lastBlocks, MULTIPLE, requireSizes } from './terms/taps.ts';

/** Attention of each sample: A = mean_c f², flattened, L2-normalised: [N, H, W, C] → [N, H·W]. */
const attention = (map: Node): Node => unitRows(flatRows(mean(square(map), { axes: [3] })));

/** `code`: mean over samples and positions of (A_s − A_t)²; `paper`: mean over samples of ‖A_s − A_t‖₂. */
const FORMS: Readonly<Record<string, (difference: Node) => Node>> = {
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
  published: { weight: 1000, source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 1000' },
  taps: ({ blocks }, available) => chooseBlocks('AT', blocks, available, lastBlocks(2)),
  create: ({ at_form: form }, shapes, all) => {
    requireSizes('AT', MULTIPLE, shapes, all);
    const distance = typeof form === 'string' ? FORMS[form] : undefined;
    if (!distance) throw new Error(`AT has no form ${JSON.stringify(form)}`);
    return {
      loss: ({ teacher, student }) =>
        addN(
          Object.keys(shapes.student).map((tap) => {
            const [ours, theirs] = poolToSmaller(student(tap), teacher(tap));
            return distance(sub(attention(ours), attention(theirs)));
          }),
        ),
    };
  },
};
