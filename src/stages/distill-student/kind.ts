import { distillingParams, recipeParams } from '../../params/recipe.ts';
import { recipeProfiles } from '../../params/recipe-profiles.ts';
import { engineObstacle } from '../inference/engine-here.ts';
import type { StageKind } from '../stage-kind.ts';
import { trainingGrowth } from '../training/growth.ts';
import { checkRecipe } from '../training/recipe-rules.ts';
import { trainingMetrics, trainingOutputs, weightsNeeded } from '../training/recipe.ts';
import { allOptions, effectiveParams, methodRevisions } from './options.ts';
import { combinationParams, distillRequired, teachingParams } from './params.ts';
import { checkDistillation } from './rules.ts';

/** The original experiments ignored R-Drop while distilling, and told adapters of no schedule. */
const profiles = {
  ...recipeProfiles,
  original: { ...recipeProfiles.original, rdrop_distilling: false, adapter_schedule: 'original' },
} as const;

/** Training with teachers: total = L_cls + w · L_kd. */
export const distillStudent: StageKind = {
  name: 'distill-student',
  // 4: kd_loss is the weighted sum of the terms.
  resultVersion: 5,
  revision: methodRevisions,
  summary: 'Trains a student on labels and on what frozen teachers make of the same images.',
  params: { ...recipeParams, ...teachingParams, ...distillingParams, ...allOptions(), ...combinationParams },
  required: distillRequired,
  profiles,
  unkeyed: ['profile', 'pretrained'],
  needs: weightsNeeded,
  // What batches, and the teacher's passes over them, are made of.
  cohort: [
    ...['data', 'teacher', 'batch_size', 'seed', 'crop', 'crop_padding', 'padding_mode', 'flip', 'augment'],
    ...['random_erasing', 'mixup', 'mixup_alpha', 'engine'],
  ],
  outputs: () => trainingOutputs,
  effective: effectiveParams,
  metrics: () => [...trainingMetrics, 'train.kd_loss'],
  check: (params, context) => [...checkRecipe(params, context, profiles), ...checkDistillation(params, context)],
  growth: trainingGrowth,
  obstacle: engineObstacle,
  load: () => import('./run.ts'),
};
