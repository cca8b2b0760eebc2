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

/**
 * Finds a supervised loss.
 *
 * @param name - as the recipe has it
 * @param added - losses of plugins, by name
 * @returns the loss
 * @throws Error where there is none: the plan knows the names
 */
export function lossNamed(name: string, added: Readonly<Record<string, SupervisedLoss>> = {}): SupervisedLoss {
  const all: Readonly<Record<string, SupervisedLoss>> = { ...losses, ...added };
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (!found) throw new Error(`no supervised loss is called ${name}`);
  return found;
}
