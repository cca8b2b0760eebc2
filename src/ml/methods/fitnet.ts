import type { LayerIndex } from '../network/network.ts';
import type { Adapter } from '../algebra/adapter.ts';
import { addN } from '../algebra/arithmetic.ts';
import type { KdMethod } from './kd-method.ts';
import { adapter } from './terms/adapter.ts';
import { meanSquare } from './terms/maps.ts';
import {
  blocksOption,
  chooseBlocks,
  middleBlock,
  NOT_SMALLER,
  requireSizes,
  pairTaps,
  type TapPair,
} from './terms/taps.ts';

/** Convolution with stride f = ratio of the sizes and kernel 2f − 1: 1×1 at equal sizes, 3×3 at twice the size. */
function regressor({ tap, student, teacher }: TapPair, normed: boolean): Adapter {
  const name = `fitnet.${tap}.regressor`;
  const stride = student.height / teacher.height;
  const options = { channels: teacher.channels, kernel: 2 * stride - 1, stride, bias: true };
  return adapter({
    name,
    from: student,
    layers: (net): LayerIndex => {
      const conv = net.conv(`${name}.0`, net.image, options);
      return normed ? net.activation(`${name}.2`, net.batchNorm(`${name}.1`, conv)) : conv;
    },
  });
}

/**
 * Hints: a regressor on the student's map has to predict the teacher's: L = Σ_blocks mean (r(f_s) − f_t)². The paper
 * trains by it alone before the rest of the network is trained; here, as in RepDistiller, it is added to the loss.
 */
export const fitnet: KdMethod = {
  name: 'FitNet',
  source: 'Romero, Ballas, Kahou, Chassang, Gatta, Bengio: FitNets: Hints for Thin Deep Nets, ICLR 2015',
  options: {
    blocks: blocksOption,
    fitnet_regressor: {
      enum: ['conv-bn-relu', 'conv'],
      default: 'conv-bn-relu',
      description: 'conv-bn-relu: as RepDistiller, for maps behind a ReLU; conv: the convolution alone.',
    },
  },
  weighting: 'odds',
  published: { weight: 100, source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 100' },
  taps: ({ blocks }, available) => chooseBlocks('FitNet', blocks, available, middleBlock),
  create: ({ fitnet_regressor: form }, shapes, all) => {
    requireSizes('FitNet', NOT_SMALLER, shapes, all);
    const parts = pairTaps(shapes).map((pair) => ({ ...pair, regress: regressor(pair, form === 'conv-bn-relu') }));
    return {
      adapters: parts.map(({ regress }) => regress),
      loss: ({ student, teacher, adapt }) =>
        addN(parts.map(({ tap, regress }) => meanSquare(adapt(regress, student(tap)), teacher(tap)))),
    };
  },
};
