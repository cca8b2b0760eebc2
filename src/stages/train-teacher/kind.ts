import { engineObstacle } from '../inference/engine-here.ts';
import type { StageKind } from '../stage-kind.ts';
import { trainingGrowth } from '../training/growth.ts';
import { checkRecipe } from '../training/recipe-rules.ts';
import { recipeParams, recipeRequired } from '../../params/recipe.ts';
import { recipeProfiles } from '../../params/recipe-profiles.ts';
import { effectiveRecipe, trainingMetrics, trainingOutputs, weightsNeeded } from '../training/recipe.ts';

/** Ordinary training: teachers, and students without one. */
export const trainTeacher: StageKind = {
  name: 'train-teacher',
  synonyms: ['train'],
  resultVersion: 3,
  summary: 'Trains a network on labels alone: a teacher, or a student to compare with.',
  params: recipeParams,
  required: recipeRequired,
  profiles: recipeProfiles,
  // What they do, they do by parameters that are keyed.
  unkeyed: ['profile', 'pretrained'],
  needs: weightsNeeded,
  outputs: () => trainingOutputs,
  effective: effectiveRecipe,
  metrics: () => trainingMetrics,
  check: (params, context) => checkRecipe(params, context, recipeProfiles),
  growth: trainingGrowth,
  obstacle: engineObstacle,
  load: () => import('./run.ts'),
};
