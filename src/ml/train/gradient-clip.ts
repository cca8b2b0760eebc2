import { add, addN, div, maximum, minimum, mul, sqrt, square } from '../algebra/arithmetic.ts';
import { input } from '../algebra/inputs.ts';
import type { Node } from '../algebra/node.ts';
import { sum } from '../algebra/reductions.ts';
import { share } from '../algebra/share.ts';
import { at } from '../../util/at.ts';
import type { EngineArray, Expression, Session } from '../engines/engine.ts';
import type { Recipe } from './recipe.ts';

/** Added to the norm, as in PyTorch. */
const EPSILON = 1e-6;

/** What gradients become. */
const MODES: Readonly<Record<Recipe['gradClipMode'], (gradients: readonly Node[], bound: number) => readonly Node[]>> =
  {
    norm: (gradients, bound) => {
      const norm = sqrt(addN(gradients.map((gradient) => sum(square(gradient)))));
      const factor = minimum(div(bound, add(norm, EPSILON)), 1);
      return gradients.map((gradient) => mul(gradient, factor));
    },
    value: (gradients, bound) => gradients.map((gradient) => maximum(minimum(gradient, bound), -bound)),
  };

/**
 * Compiles the clipping of gradients between `backward` and `update`, PyTorch's `clip_grad_norm_` and `clip_grad_value_` over all
 * that is trained: by norm, g ← g · min(1, c / (‖g‖₂ + 1e-6)) with one norm of all gradients; by value, each g is brought into
 * [−c, c].
 *
 * @param session - of the student; it holds the expression
 * @param others - gradients of whatever is trained beside the student: adapters
 * @param recipe - what it says of clipping
 * @param recipe.gradClip - c
 * @param recipe.gradClipMode - by what
 * @returns the expression, to be run after the last pass's `backward`; null where nothing is clipped
 * @throws FailureError `does-not-fit`
 */
export function gradientClip(
  session: Session,
  others: readonly EngineArray[],
  { gradClip: bound, gradClipMode: mode }: Pick<Recipe, 'gradClip' | 'gradClipMode'>,
): Expression | null {
  if (bound === null) return null;
  const places = [session.gradients, ...others];
  const nodes = places.map(({ floats }, k) => input(`gradient ${k}`, [floats]));
  const clipped = share(MODES[mode](nodes, bound));
  return session.expression({
    inputs: Object.fromEntries(nodes.map(({ attributes: { name } }, k) => [name, at(places, k)])),
    adapter: ({ adapter }) => {
      throw new Error(`nothing runs adapter ${adapter.name}`);
    },
    results: {},
    writes: places.map((to, k) => ({ value: at(clipped, k), to })),
    updates: [],
    effects: [],
  });
}
