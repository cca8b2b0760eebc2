import type { Value } from '../../core/plan.ts';
import type { CheckContext, ParamProblem } from '../stage-kind.ts';

type Upstream = ReturnType<CheckContext['upstream']>;

/** What weights may want, what datasets call it, and what they have unless they say it. */
const COMPARED = [
  { name: 'image_size', theirs: 'image_size', usual: undefined },
  { name: 'interpolation', theirs: 'interpolation', usual: 'bilinear' },
  { name: 'crop', theirs: 'crop_pct', usual: 1 },
] as const;

const isKnown = (value: Value | undefined): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

/**
 * Rules of weights from elsewhere that say what their pictures are like.
 *
 * @param weights - the cell behind the reference to a network; any other kind than `pretrained` and `onnx` has no such rules
 * @param data - the dataset's cell
 * @param param - place of the reference
 * @returns a problem for each thing that the dataset shows in another way
 */
export function checkInput(weights: Upstream, data: Upstream, param: ParamProblem['param']): readonly ParamProblem[] {
  if (!(weights?.kind === 'pretrained' || weights?.kind === 'onnx') || data?.kind !== 'dataset') return [];
  return COMPARED.flatMap(({ name, theirs, usual }) => {
    const [wanted, given] = [weights.params[name], data.params[theirs] ?? usual];
    if (!isKnown(wanted) || !isKnown(given) || wanted === given) return [];
    return [
      {
        code: 'other-input',
        param,
        message: `the weights want ${name}: ${wanted}, and the dataset has ${theirs}: ${given}`,
        expected: 'images as the weights want them',
        fix: `give the dataset ${theirs}: ${wanted}, or remove ${name} from the pretrained stage to take images as they are`,
      },
    ];
  });
}
