import { isList } from '../../core/json.ts';
import type { ValueObject } from '../../core/plan.ts';
import { checkInput } from '../inference/input-rules.ts';
import { checkKeptLogits } from '../inference/kept-rules.ts';
import type { CheckContext, ParamProblem } from '../stage-kind.ts';
import { noEffect, textOf } from '../training/recipe-rules.ts';
import type { MethodOptions } from './options.ts';

/** A teacher's cell, and the place of the reference to it. */
interface PlannedTeacher {
  readonly param: ParamProblem['param'];
  readonly cell: ReturnType<CheckContext['upstream']>;
}

/**
 * The teachers of a cell, one or a list.
 *
 * @param params - of the cell
 * @param context - gives the cells behind references
 * @returns each teacher's cell
 */
export function teachersOf(params: ValueObject, context: CheckContext): readonly PlannedTeacher[] {
  const { teacher } = params;
  if (!Array.isArray(teacher)) return [{ param: ['teacher'], cell: context.upstream('teacher') }];
  return teacher.map((_, index) => ({ param: ['teacher', index], cell: context.upstream(`teacher.${index}`) }));
}

/** Parameters that leave an image as evaluations, and so `predict`, show it. */
const FIXED: ValueObject = {
  ...{ crop: 'centre', flip: false, augment: 'none', second_view: 'none', random_erasing: 0, mixup: 'none' },
};

const written = (names: readonly string[], values: ValueObject): string =>
  names.map((name) => `${name}: ${textOf(values[name])}`).join(', ');

/** Kept logits are of images as they are. */
function checkPictures(params: ValueObject, { param }: PlannedTeacher): readonly ParamProblem[] {
  // What changes nothing may be left out.
  const changing = Object.keys(FIXED).filter((name) => params[name] !== undefined && params[name] !== FIXED[name]);
  if (changing.length === 0) return [];
  return [
    {
      code: 'other-pictures',
      param,
      message: `the teacher's logits are of centre crops, and the student is shown others: ${written(changing, params)}`,
      expected: written(Object.keys(FIXED), FIXED),
      fix: `write ${written(changing, FIXED)}, or let teacher be the network itself`,
    },
  ];
}

/** Kept logits in the place of a teacher. */
function checkKept(params: ValueObject, teacher: PlannedTeacher): readonly ParamProblem[] {
  const read = { ...params, splits: ['train'], tta: ['none'] };
  return [...checkPictures(params, teacher), ...checkKeptLogits(teacher.cell, read, teacher.param)];
}

/** A network is shown the student's images, normalised as the student's dataset says: it has to know them so. */
function checkStatistics({ param, cell }: PlannedTeacher, { upstream }: CheckContext): readonly ParamProblem[] {
  // Images are brought to the normalisation that an ONNX model wants.
  if (cell?.kind === 'onnx') return [];
  const ours = upstream('data')?.params['mean_std'];
  const known = cell?.kind === 'pretrained' ? cell : upstream(`${param.join('.')}.data`);
  const theirs = known?.params['mean_std'];
  // Numbers may be those that a name stands for.
  if (ours === undefined || theirs === undefined || typeof ours !== typeof theirs || textOf(ours) === textOf(theirs))
    return [];
  const teacher = typeof cell?.params['model'] === 'string' ? cell.params['model'] : 'the teacher';
  return [
    {
      code: 'other-normalisation',
      param,
      message: `${teacher} is trained on images normalised by mean_std: ${textOf(theirs)}, and is shown those of mean_std: ${textOf(ours)}`,
      expected: 'teacher and student with the same normalisation',
      fix: 'give both datasets, or the dataset and the pretrained stage, the same mean_std',
    },
  ];
}

/** Where a teacher has logits and nothing else: neither kept logits nor the mean of several teachers' are a network. */
function logitsAlone(
  params: ValueObject,
  context: CheckContext,
): (Omit<ParamProblem, 'message'> & { reason: string }) | undefined {
  if (params['teachers_mean'] === 'logits')
    return {
      code: 'not-in-mean',
      param: ['teachers_mean'],
      expected: 'with teachers_mean: logits',
      reason: 'the mean of logits has nothing else',
      fix: 'write teachers_mean: losses, or choose another method',
    };
  const kept = teachersOf(params, context).find(({ cell }) => cell?.kind === 'predict');
  return (
    kept && {
      code: 'not-kept',
      param: kept.param,
      expected: 'with a predict stage as teacher',
      reason: 'a predict stage keeps nothing else',
      fix: 'let teacher be the network itself, or choose another method',
    }
  );
}

/**
 * Refuses a method that reads more of a teacher than there is.
 *
 * @param method - its name
 * @param params - of the cell
 * @param context - facts, and the cells behind references
 * @param options - of the methods that there are
 * @param options.readersOfLogits - names of those that read logits alone
 * @returns the problem, where the teacher has logits alone and the method reads more
 */
export function checkReads(
  method: string,
  params: ValueObject,
  context: CheckContext,
  { readersOfLogits }: MethodOptions,
): readonly ParamProblem[] {
  const alone = logitsAlone(params, context);
  if (!alone || context.facts('methods', method)?.['logits'] !== false) return [];
  const { reason, expected, ...rest } = alone;
  return [
    {
      ...rest,
      message: `${method} reads more of a teacher than its logits, and ${reason}`,
      expected: `${expected} one of ${readersOfLogits.join(', ')}`,
    },
  ];
}

/** Why a part of the teacher cannot be had. */
function unjoinable(
  params: ValueObject,
  context: CheckContext,
): { param: ParamProblem['param']; why: string } | undefined {
  const teachers = teachersOf(params, context);
  if (isList(params['teacher'])) return { param: ['teacher'], why: 'teacher is a list' };
  const onnx = teachers.find(({ cell }) => cell?.kind === 'onnx');
  return onnx && { param: onnx.param, why: 'an ONNX model is run as a whole' };
}

/**
 * Refuses a method whose student holds a part of its teacher, where there is no one network to take it from.
 *
 * @param method - its name
 * @param params - of the cell
 * @param context - facts, and the cells behind references
 * @returns the problem, if there is one
 */
export function checkJoins(method: string, params: ValueObject, context: CheckContext): readonly ParamProblem[] {
  if (context.facts('methods', method)?.['joins'] !== true) return [];
  const found = unjoinable(params, context);
  if (!found) return [];
  return [
    {
      code: 'no-part-of-teacher',
      param: found.param,
      message: `the student of ${method} holds a part of its teacher, and ${found.why}`,
      expected: 'one teacher that is a network of train-teacher, distill-student or pretrained',
      fix: 'name one such teacher, or choose another method',
    },
  ];
}

/**
 * Rules of teachers, whatever the terms.
 *
 * @param params - effective parameters of the cell
 * @param context - what the user wrote, and the teachers
 * @returns problems: no teacher, a mean of one, images that the teacher does not know
 */
export function checkTeachers(params: ValueObject, context: CheckContext): readonly ParamProblem[] {
  const teachers = teachersOf(params, context);
  if (teachers.length === 0)
    return [{ code: 'missing-param', param: ['teacher'], message: 'the list of teachers is empty', fix: 'name one' }];
  const idle = teachers.length === 1 && context.given('teachers_mean');
  return [
    ...(idle
      ? [noEffect('teachers_mean', 'there is one teacher', 'remove it, or give teacher a list of several')]
      : []),
    ...teachers.flatMap((teacher) =>
      teacher.cell?.kind === 'predict'
        ? checkKept(params, teacher)
        : [...checkInput(teacher.cell, context.upstream('data'), teacher.param), ...checkStatistics(teacher, context)],
    ),
  ];
}
