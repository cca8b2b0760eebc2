import type { Value } from '../../core/plan.ts';
import type { CheckContext, ParamProblem } from '../stage-kind.ts';

type Upstream = ReturnType<CheckContext['upstream']>;

/** How a dataset shows pictures in evaluation, as far as the plan knows it. */
const shownBy = (data: Upstream): Readonly<Record<string, Value | undefined>> => ({
  image_size: data?.params['image_size'],
  interpolation: 'bilinear',
  crop: 1,
});

const isKnown = (value: Value | undefined): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

/**
 * Rules of weights from elsewhere that say what their pictures are like.
 *
 * @param weights - the cell behind the reference to a network; any other kind than `pretrained` has no such rules
 * @param data - the dataset's cell
 * @param param - place of the reference
 * @returns a problem for each thing that the dataset shows in another way
 */
export function checkInput(weights: Upstream, data: Upstream, param: ParamProblem['param']): readonly ParamProblem[] {
  if (weights?.kind !== 'pretrained' || data?.kind !== 'dataset') return [];
  const shown = shownBy(data);
  return Object.entries(shown).flatMap(([name, given]) => {
    const wanted = weights.params[name];
    if (!isKnown(wanted) || !isKnown(given) || wanted === given) return [];
    return [
      {
        code: 'other-input',
        param,
        message: `the weights want ${name}: ${wanted}, and the dataset has ${name}: ${given}`,
        expected: 'images as the weights want them',
        fix: `give the dataset ${name}: ${wanted}, or remove ${name} from the pretrained stage to take images as they are`,
      },
    ];
  });
}
