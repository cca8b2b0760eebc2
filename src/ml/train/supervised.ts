import { div, add } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';
import { countViews } from '../data/train-batches.ts';
import type { LossOptions, SupervisedLoss } from '../losses/loss.ts';
import { mixedLoss } from '../losses/mixed.ts';
import { divergence } from '../losses/rdrop.ts';
import { lossNamed } from '../losses/registry.ts';
import type { Recipe } from './recipe.ts';

/** What makes the supervised loss of a batch. */
export interface Supervision {
  readonly recipe: Pick<Recipe, 'loss' | 'rdropAlpha' | 'rdropReduction' | 'secondView'>;
  readonly options: LossOptions;
  /** Losses of plugins, by name. */
  readonly losses?: Readonly<Record<string, SupervisedLoss>>;
}

/** What the images of a batch show: class indices [N]; where two are mixed, those of the partners too, and the share λ. */
export interface Targets {
  readonly labels: Node;
  readonly mixed: { readonly partners: Node; readonly share: Node } | null;
}

/**
 * The supervised loss of a batch: that of its pass; of two passes ½ (L(z₁) + L(z₂)), with R-Drop and the divergence of both.
 *
 * @param logits - of each pass, [N, C]: one; two with R-Drop or two views
 * @param targets - what they should say
 * @param supervision - which loss
 * @returns the scalar
 */
export function supervise(logits: readonly Node[], targets: Targets, supervision: Supervision): Node {
  const { recipe, options, losses } = supervision;
  const loss = lossNamed(recipe.loss, losses);
  const lossOf = (pass: Node): Node => {
    const supervised = (labels: Node): Node => loss.of(pass, labels, options);
    const { labels, mixed } = targets;
    return mixed ? mixedLoss(supervised, { ...mixed, labels }) : supervised(labels);
  };
  const [first, second] = logits;
  if (!first) throw new Error('no pass');
  if (!second) return lossOf(first);
  const both = div(add(lossOf(first), lossOf(second)), 2);
  return countViews(recipe) === 2 ? both : add(both, divergence(first, second, recipe));
}
