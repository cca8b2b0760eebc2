import { differentiate } from '../algebra/gradients.ts';
import { input } from '../algebra/inputs.ts';
import type { Node } from '../algebra/node.ts';
import { share } from '../algebra/share.ts';
import { at } from '../../util/at.ts';
import type { Expression, Session, TrainStep } from './engine.ts';

/** What `compileLoss` makes has these names. */
export const LOSS = { labels: 'labels', loss: 'loss' } as const;

/**
 * Compiles a loss of a step's logits and of labels; it writes its gradient into the step.
 *
 * @param session - the step's
 * @param step - between whose `forward` and `backward` the loss is run
 * @param lossOf - the scalar, from logits [N, C] and class indices [N]
 * @returns the expression: `labels` is filled, `loss` read
 */
export function compileLoss(
  session: Session,
  step: TrainStep,
  lossOf: (logits: Node, labels: Node) => Node,
): Expression {
  const { classes } = session.network;
  const logits = input('logits', [step.batch, classes]);
  const loss = lossOf(logits, input(LOSS.labels, [step.batch]));
  const values = share([loss, ...differentiate(loss, [logits]).gradients]);
  return session.expression({
    inputs: { logits: step.array('logits') },
    adapter: ({ adapter }) => {
      throw new Error(`nothing runs adapter ${adapter.name}`);
    },
    results: { [LOSS.loss]: at(values, 0) },
    writes: [{ value: at(values, 1), to: step.array('logits-gradient') }],
    updates: [],
    effects: [],
  });
}
