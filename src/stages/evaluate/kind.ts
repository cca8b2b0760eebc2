import type { ValueObject } from '../../core/plan.ts';
import { extraMetrics } from './params.ts';
import { teacherParam } from '../../params/shared-params.ts';
import { catalogue } from '../catalogue.ts';
import { predictionParams, predictionRequired } from '../inference/params.ts';
import { engineObstacle } from '../inference/engine-here.ts';
import { checkInput } from '../inference/input-rules.ts';
import { checkKeptLogits } from '../inference/kept-rules.ts';
import type { ParamProblem, StageKind } from '../stage-kind.ts';
import { noEffect } from '../training/recipe-rules.ts';

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** `test.accuracy`, `test.tta.accuracy`; a network without a teacher is compared with none. */
function metricsOf(params: ValueObject): readonly string[] {
  const known = Object.entries(catalogue()['metrics'] ?? {});
  const names = known.filter(([, { teacher }]) => teacher !== true || params['teacher'] !== undefined);
  const groups = texts(params['splits']).flatMap((split) =>
    texts(params['tta']).map((tta) => (tta === 'none' ? split : `${split}.tta`)),
  );
  const all = [...names.map(([name]) => name), ...texts(params['extra_metrics'])];
  return [
    ...groups.flatMap((group) => all.map((name) => `${group}.${name}`)),
    ...['parameters', 'macs', 'images_per_second'],
  ];
}

/** Metrics that are measured in any case. */
const checkExtra = ({ extra_metrics: extra }: ValueObject): readonly ParamProblem[] =>
  texts(extra)
    .filter((name) => catalogue()['metrics']?.[name])
    .map((name) => noEffect('extra_metrics', `${name} is measured in any case`, `remove ${name}`));

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
    ...extraMetrics,
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
    ...checkExtra(params),
    ...checkInput(upstream('of'), upstream('data'), ['of']),
    ...checkInput(upstream('teacher'), upstream('data'), ['teacher']),
    ...checkKeptLogits(upstream('teacher'), params, ['teacher']),
  ],
  obstacle: engineObstacle,
  load: () => import('./run.ts'),
};
