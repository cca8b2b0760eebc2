import { addN } from '../algebra/arithmetic.ts';
import type { KdMethod } from './kd-method.ts';
import type { Aligned } from './terms/adapter.ts';
import { meanSquare } from './terms/maps.ts';
import { activatedRegressor, regressor } from './terms/regressor.ts';
import {
  blocksOption,
  chooseBlocks,
  middleBlock,
  REGRESSED,
  requireSizes,
  pairTaps,
  type TapPair,
} from './terms/taps.ts';

/** A convolution, in front of batch norm and ReLU where it is `normed`. */
const regressorOf = (pair: TapPair, normed: boolean): Aligned => {
  const name = `fitnet.${pair.tap}.regressor`;
  return normed ? activatedRegressor(name, pair.tap, pair) : regressor(name, pair.tap, pair, (_, conv) => conv);
};

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
    requireSizes('FitNet', REGRESSED, shapes, all);
    const parts = pairTaps(shapes).map((pair) => ({ ...pair, regress: regressorOf(pair, form === 'conv-bn-relu') }));
    return {
      adapters: parts.flatMap(({ regress }) => regress.adapters),
      loss: (inputs) => addN(parts.map(({ tap, regress }) => meanSquare(regress.of(inputs), inputs.teacher(tap)))),
    };
  },
};
