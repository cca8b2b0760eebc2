import type { Value, ValueObject } from '../../core/plan.ts';
import type { CheckContext, ParamProblem } from '../stage-kind.ts';

const texts = (value: Value | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/**
 * What a stage reads of the logits that stand for a teacher, and what was not kept.
 *
 * @param teacher - the cell behind the reference; only one of `predict` can lack any
 * @param read - `splits` and `tta` that are read
 * @param param - place of the reference
 * @returns a problem where some are lacking
 */
export function lackingLogits(
  teacher: ReturnType<CheckContext['upstream']>,
  read: ValueObject,
  param: ParamProblem['param'],
): readonly ParamProblem[] {
  if (teacher?.kind !== 'predict') return [];
  const lacking = ['splits', 'tta'].flatMap((name) => {
    const kept = texts(teacher.params[name]);
    return texts(read[name]).filter((one) => !kept.includes(one));
  });
  if (lacking.length === 0) return [];
  return [
    {
      ...{ code: 'no-such-logits', param },
      message: `the teacher's logits were not kept for ${lacking.join(', ')}`,
      expected: 'logits of every split and augmentation that is read',
      fix: 'add them to splits and tta of the predict stage, or let teacher be the network itself',
    },
  ];
}
