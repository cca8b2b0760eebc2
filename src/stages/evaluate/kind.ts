import type { ValueObject } from '../../core/plan.ts';
import { catalogue } from '../catalogue.ts';
import { predictionParams } from '../predict/kind.ts';
import type { CheckContext, ParamProblem, StageKind } from '../stage-kind.ts';

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** Splits and augmentations that the teacher's kept logits lack. */
function checkKept(params: ValueObject, { upstream }: CheckContext): readonly ParamProblem[] {
  const teacher = upstream('teacher');
  if (teacher?.kind !== 'predict') return [];
  const lacking = ['splits', 'tta'].flatMap((name) => {
    const kept = texts(teacher.params[name]);
    return texts(params[name]).filter((one) => !kept.includes(one));
  });
  if (lacking.length === 0) return [];
  return [
    {
      code: 'no-such-logits',
      param: ['teacher'],
      message: `the teacher's logits were not kept for ${lacking.join(', ')}`,
      expected: 'logits of every split and augmentation that is evaluated',
      fix: 'add them to splits and tta of the predict stage',
    },
  ];
}

/** `test.accuracy`, `test.tta.accuracy`; a network without a teacher is compared with none. */
function metricsOf(params: ValueObject): readonly string[] {
  const known = Object.entries(catalogue()['metrics'] ?? {});
  const names = known.filter(([, { teacher }]) => teacher !== true || params['teacher'] !== undefined);
  const groups = texts(params['splits']).flatMap((split) =>
    texts(params['tta']).map((tta) => (tta === 'none' ? split : `${split}.tta`)),
  );
  return [
    ...groups.flatMap((group) => names.map(([name]) => `${group}.${name}`)),
    ...['parameters', 'macs', 'images_per_second'],
  ];
}

/** Measures a trained network. */
export const evaluate: StageKind = {
  name: 'evaluate',
  resultVersion: 3,
  summary: 'Measures a trained network on splits of a dataset, with and without test-time augmentation.',
  params: {
    ...predictionParams,
    teacher: {
      'x-input': { kinds: ['train-teacher', 'distill-student', 'predict'] },
      'x-inherits': 'of',
      description:
        'Whom it is compared with (agreement, teacher_kl): a network, or its logits that a predict stage has kept; unless given, the teacher that it was distilled from.',
    },
  },
  required: ['data', 'of'],
  unkeyed: [],
  outputs: () => ({
    metrics: 'metrics.json',
    per_class: 'per-class.csv',
    confusion: 'confusion.csv',
    calibration: 'calibration.csv',
    predictions: 'predictions.csv',
  }),
  metrics: metricsOf,
  check: checkKept,
  load: () => import('./run.ts'),
};
