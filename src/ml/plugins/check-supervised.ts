import { differentiate } from '../algebra/gradients.ts';
import { input } from '../algebra/inputs.ts';
import { refuse } from '../algebra/node.ts';
import type { LossOptions, SupervisedLoss } from '../losses/loss.ts';
import { checkLoss, type LossCheck } from './check-loss.ts';

const IMAGES = 4;
const CLASSES = 5;

/** The recipe's defaults. */
const OPTIONS: LossOptions = { labelSmoothing: 0.1, polyEpsilon: 1, focalGamma: 2, classWeights: null };

/**
 * Tries a supervised loss on a small batch: see {@link checkLoss}.
 *
 * @param name - of the loss
 * @param supervised - the loss
 * @param shown - the plugin's file, as failures show it
 * @returns its value, and how well its gradient fits
 * @throws FailureError `invalid-plugin` with what is wrong
 */
export const checkSupervised = (name: string, supervised: SupervisedLoss, shown: string): LossCheck =>
  checkLoss(`losses.${name}`, shown, () => {
    const logits = input('logits', [IMAGES, CLASSES]);
    const loss = supervised.of(logits, input('labels', [IMAGES]), OPTIONS);
    if (loss.shape.length > 0) return refuse(loss.op, [loss], 'a loss is a scalar');
    return {
      roots: [loss, ...differentiate(loss, [logits]).gradients],
      sizes: { logits: IMAGES * CLASSES },
      inputs: { labels: [0, 1, 2, 1] },
    };
  });
