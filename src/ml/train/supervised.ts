import type { TrainBatch } from '../data/batch-loader.ts';
import type { TrainStep } from '../engines/engine.ts';
import type { LossOptions } from '../losses/loss.ts';
import { mixedLoss } from '../losses/mixed.ts';
import { divergence } from '../losses/rdrop.ts';
import { losses } from '../losses/registry.ts';
import type { Recipe } from './recipe.ts';

/** What makes the supervised loss of a batch. */
export interface Supervision {
  readonly recipe: Pick<Recipe, 'loss' | 'rdropAlpha' | 'rdropReduction'>;
  readonly options: LossOptions;
  /** C. */
  readonly classes: number;
}

/** Logits of one forward pass, and where their gradient goes. */
type Logits = Pick<TrainStep, 'logits' | 'logitsGradient'>;

/** L of one pass. */
function lossOf({ logits, logitsGradient }: Logits, { labels, mixed }: TrainBatch, supervision: Supervision): number {
  const { recipe, options, classes } = supervision;
  const supervised = (of: Int32Array, gradient: Float32Array): number =>
    losses[recipe.loss].of({ logits, labels: of, classes }, options, gradient);
  return mixed ? mixedLoss(supervised, { ...mixed, labels }, logitsGradient) : supervised(labels, logitsGradient);
}

/**
 * The supervised loss of a batch: that of its pass; with R-Drop ½ (L(z₁) + L(z₂)) and the divergence of both passes.
 *
 * @param passes - one; two with R-Drop. Their `logitsGradient` receives dL/dlogits; all of it is written
 * @param batch - labels
 * @param supervision - loss and classes
 * @returns the loss
 */
export function supervise(passes: readonly Logits[], batch: TrainBatch, supervision: Supervision): number {
  const [first, second] = passes;
  if (!first) throw new Error('no pass');
  const loss = lossOf(first, batch, supervision);
  if (!second) return loss;
  const { recipe, classes } = supervision;
  const both = (loss + lossOf(second, batch, supervision)) / 2;
  for (const { logitsGradient } of [first, second])
    logitsGradient.forEach((value, i) => (logitsGradient[i] = value / 2));
  const gradients = [first.logitsGradient, second.logitsGradient] as const;
  return both + divergence([first.logits, second.logits], { ...recipe, classes }, gradients);
}
