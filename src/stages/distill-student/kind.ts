import { distillingParams, recipeParams } from '../../params/recipe.ts';
import { recipeProfiles } from '../../params/recipe-profiles.ts';
import { engineObstacle } from '../inference/engine-here.ts';
import type { StageKind } from '../stage-kind.ts';
import { trainingGrowth } from '../training/growth.ts';
import { checkRecipe } from '../training/recipe-rules.ts';
import { trainingMetrics, trainingOutputs, weightsNeeded } from '../training/recipe.ts';
import { catalogue, type Catalogue } from '../catalogue.ts';
import { MethodOptions } from './options.ts';
import { combinationParamsWith, distillRequired, teachingParams } from './params.ts';
import { checkDistillation } from './rules.ts';

/** The original experiments ignored R-Drop while distilling, and told adapters of no schedule. */
const profiles = {
  ...recipeProfiles,
  original: { ...recipeProfiles.original, rdrop_distilling: false, adapter_schedule: 'original' },
} as const;

/**
 * Training with teachers: total = L_cls + w · L_kd.
 *
 * @param names - the catalogue; methods and their options are in it
 * @returns the kind
 */
export function distillStudentWith(names: Catalogue): StageKind {
  const options = new MethodOptions(names);
  return {
    name: 'distill-student',
    // 4: kd_loss is the weighted sum of the terms.
    resultVersion: 5,
    revision: (params) => options.revisions(params),
    summary: 'Trains a student on labels and on what frozen teachers make of the same images.',
    params: {
      ...{ ...recipeParams, ...teachingParams, ...distillingParams, ...options.all },
      ...combinationParamsWith(options.ofItems),
    },
    required: distillRequired,
    profiles,
    unkeyed: ['profile', 'pretrained'],
    needs: weightsNeeded,
    // What batches, and the teacher's passes over them, are made of.
    cohort: [
      ...['data', 'teacher', 'batch_size', 'seed', 'crop', 'crop_padding', 'padding_mode', 'flip', 'augment'],
      ...['second_view', 'random_erasing', 'mixup', 'mixup_alpha', 'engine'],
    ],
    outputs: () => trainingOutputs,
    effective: (params) => options.effective(params),
    metrics: () => [...trainingMetrics, 'train.kd_loss'],
    check: (params, context) => [
      ...checkRecipe(params, context, profiles),
      ...checkDistillation(params, context, options),
    ],
    growth: trainingGrowth,
    obstacle: engineObstacle,
    load: () => import('./run.ts'),
  };
}

/** The same, with our own methods alone. */
export const distillStudent = distillStudentWith(catalogue());
