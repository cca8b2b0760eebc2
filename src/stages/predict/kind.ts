import type { ParamSchema, StageKind } from '../stage-kind.ts';
import { batchSizeParam, dataParam, engineParam, trainedWeights } from '../training/recipe.ts';

const list = (values: readonly string[], initial: readonly string[], description: string): ParamSchema => ({
  type: 'array',
  items: { enum: values },
  minItems: 1,
  uniqueItems: true,
  default: initial,
  description,
});

/** Parameters of every stage that passes splits through a trained network. */
export const predictionParams = {
  data: dataParam,
  of: trainedWeights('The network.'),
  splits: list(['train', 'val', 'test'], ['val', 'test'], 'Splits whose images it sees.'),
  tta: list(
    ['none', 'ten-crop'],
    ['none'],
    'none: centre crops; ten-crop: also the mean logits of four corners, centre and their mirrors.',
  ),
  batch_size: batchSizeParam('Images a pass.'),
  engine: engineParam,
} as const satisfies Readonly<Record<string, ParamSchema>>;

/** Runs a trained network once for all who need what it says. */
export const predict: StageKind = {
  name: 'predict',
  resultVersion: 1,
  summary: 'Keeps the logits of a trained network, so that its students and their evaluations need not run it again.',
  params: predictionParams,
  required: ['data', 'of'],
  unkeyed: [],
  outputs: () => ({ logits: 'logits.safetensors' }),
  metrics: () => ['images_per_second'],
  load: () => import('./run.ts'),
};
