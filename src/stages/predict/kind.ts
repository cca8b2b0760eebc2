import { engineObstacle } from '../inference/engine-here.ts';
import { checkInput } from '../inference/input-rules.ts';
import { predictionParams, predictionRequired } from '../inference/params.ts';
import type { StageKind } from '../stage-kind.ts';

/** Runs a trained network once for all who need what it says. */
export const predict: StageKind = {
  name: 'predict',
  resultVersion: 1,
  summary: 'Keeps the logits of a trained network, so that its students and their evaluations need not run it again.',
  params: predictionParams,
  required: predictionRequired,
  unkeyed: [],
  outputs: () => ({ logits: 'logits.safetensors' }),
  metrics: () => ['images_per_second'],
  check: (_, { upstream }) => checkInput(upstream('of'), upstream('data'), ['of']),
  obstacle: engineObstacle,
  load: () => import('./run.ts'),
};
