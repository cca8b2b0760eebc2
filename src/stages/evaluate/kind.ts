import type { ValueObject } from '../../core/plan.ts';
import { teacherParam } from '../../params/shared-params.ts';
import { catalogue } from '../catalogue.ts';
import { predictionParams, predictionRequired } from '../inference/params.ts';
import { engineObstacle } from '../inference/engine-here.ts';
import { checkInput } from '../inference/input-rules.ts';
import { checkKeptLogits } from '../inference/kept-rules.ts';
import type { StageKind } from '../stage-kind.ts';

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

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
      ...teacherParam(
        'Whom it is compared with (agreement, teacher_kl): a network, of an ONNX model too, or its logits that a predict stage has kept; unless given, the teacher that it was distilled from.',
      ),
      'x-inherits': 'of',
    },
  },
  required: predictionRequired,
  unkeyed: [],
  outputs: () => ({
    metrics: 'metrics.json',
    per_class: 'per-class.csv',
    confusion: 'confusion.csv',
    calibration: 'calibration.csv',
    predictions: 'predictions.csv',
  }),
  metrics: metricsOf,
  check: (params, { upstream }) => [
    ...checkInput(upstream('of'), upstream('data'), ['of']),
    ...checkInput(upstream('teacher'), upstream('data'), ['teacher']),
    ...checkKeptLogits(upstream('teacher'), params, ['teacher']),
  ],
  obstacle: engineObstacle,
  load: () => import('./run.ts'),
};
