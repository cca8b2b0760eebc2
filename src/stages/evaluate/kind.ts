import type { StageKind } from '../stage-kind.ts';
import { dataParam, engineParam, trainedWeights } from '../train-teacher/recipe.ts';

const list = (values: readonly string[], initial: readonly string[], description: string) => ({
  type: 'array',
  items: { enum: values },
  minItems: 1,
  uniqueItems: true,
  default: initial,
  description,
});

/** Measures a trained network. */
export const evaluate: StageKind = {
  name: 'evaluate',
  resultVersion: 1,
  summary: 'Measures a trained network on splits of a dataset, with and without test-time augmentation.',
  params: {
    data: dataParam,
    of: trainedWeights('The network.'),
    splits: list(['train', 'val', 'test'], ['val', 'test'], 'Splits that are measured.'),
    tta: list(
      ['none', 'ten-crop'],
      ['none'],
      'none: centre crops; ten-crop: also the mean logits of four corners, centre and their mirrors, under <split>.tta.',
    ),
    batch_size: {
      type: 'integer',
      minimum: 1,
      maximum: 65_536,
      default: 64,
      'x-unit': 'images',
      description: 'Images a pass.',
    },
    engine: engineParam,
  },
  required: ['data', 'of'],
  unkeyed: [],
  outputs: () => ({
    metrics: 'metrics.json',
    per_class: 'per-class.csv',
    confusion: 'confusion.csv',
    predictions: 'predictions.csv',
  }),
  load: () => import('./run.ts'),
};
