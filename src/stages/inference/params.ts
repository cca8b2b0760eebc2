import type { ParamSchema, ParamSchemas } from '../../params/param-schema.ts';
import { batchSizeParam, dataParam, engineParam, trainedWeights } from '../../params/shared-params.ts';

const list = <const Name extends string>(values: readonly Name[], initial: readonly Name[], description: string) =>
  ({
    type: 'array',
    items: { enum: values },
    minItems: 1,
    uniqueItems: true,
    default: initial,
    description,
  }) as const satisfies ParamSchema;

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
} as const satisfies ParamSchemas;

/** What such a stage must have. */
export const predictionRequired = ['data', 'of'] as const;
