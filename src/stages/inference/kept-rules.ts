import { CellReference, type Value, type ValueObject } from '../../core/plan.ts';
import type { CheckContext, ParamProblem } from '../stage-kind.ts';

const texts = (value: Value | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

type Problem = Omit<ParamProblem, 'param'>;

/** Splits and augmentations that are read, and were not kept. */
function otherLogits(kept: ValueObject, read: ValueObject): readonly Problem[] {
  const lacking = ['splits', 'tta'].flatMap((name) => {
    const there = texts(kept[name]);
    return texts(read[name]).filter((one) => !there.includes(one));
  });
  if (lacking.length === 0) return [];
  return [
    {
      code: 'no-such-logits',
      message: `the teacher's logits were not kept for ${lacking.join(', ')}`,
      expected: 'logits of every split and augmentation that is read',
      fix: 'add them to splits and tta of the predict stage, or let teacher be the network itself',
    },
  ];
}

/** Logits are of images by their places: those of another dataset would be taken for these. */
function otherImages(kept: ValueObject, read: ValueObject): readonly Problem[] {
  const [theirs, ours] = [kept['data'], read['data']];
  if (!(theirs instanceof CellReference) || !(ours instanceof CellReference) || theirs.cell === ours.cell) return [];
  return [
    {
      code: 'other-images',
      message: `the teacher's logits are of ${theirs.cell}, and this stage reads ${ours.cell}`,
      expected: 'logits of the same images in the same order',
      fix: 'give the predict stage the same data',
    },
  ];
}

/**
 * Rules of a stage that reads the logits of a predict stage in place of a teacher.
 *
 * @param teacher - the cell behind the reference; any other kind has no such rules
 * @param read - `data`, `splits` and `tta` that are read
 * @param param - place of the reference
 * @returns problems: logits that were not kept, logits of other images
 */
export function checkKeptLogits(
  teacher: ReturnType<CheckContext['upstream']>,
  read: ValueObject,
  param: ParamProblem['param'],
): readonly ParamProblem[] {
  if (teacher?.kind !== 'predict') return [];
  const { params } = teacher;
  return [...otherImages(params, read), ...otherLogits(params, read)].map((problem) => ({ ...problem, param }));
}
