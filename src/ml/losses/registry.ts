import { crossEntropy } from './cross-entropy.ts';
import { focal } from './focal.ts';
import type { SupervisedLoss } from './loss.ts';
import { poly } from './poly.ts';

/** All supervised losses by name. */
export const losses = {
  'cross-entropy': {
    summary: 'softmax cross entropy with label smoothing and class weights',
    source: 'Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR 2016',
    of: crossEntropy,
  },
  poly: {
    summary: 'cross entropy + poly_epsilon · mean(1 − p_y)',
    source: 'Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, ICLR 2022',
    of: poly,
  },
  focal: {
    summary: 'cross entropy whose terms count by (1 − p)^focal_gamma',
    source: 'Lin et al., Focal Loss for Dense Object Detection, ICCV 2017',
    of: focal,
  },
} as const satisfies Readonly<Record<string, SupervisedLoss>>;

/** Name of a supervised loss. */
export type LossName = keyof typeof losses;
