import type { StageKind } from '../stage-kind.ts';
import { checkRecipe } from './recipe-rules.ts';
import {
  effectiveRecipe,
  recipeParams,
  recipeProfiles,
  recipeRequired,
  trainingMetrics,
  trainingOutputs,
} from './recipe.ts';

/** Ordinary training: teachers, and students without one. */
export const trainTeacher: StageKind = {
  name: 'train-teacher',
  resultVersion: 2,
  summary: 'Trains a network on labels alone: a teacher, or a student to compare with.',
  params: recipeParams,
  required: recipeRequired,
  profiles: recipeProfiles,
  // All that a profile does, it does by parameters that are keyed.
  unkeyed: ['profile'],
  outputs: () => trainingOutputs,
  effective: effectiveRecipe,
  metrics: () => trainingMetrics,
  check: (params, context) => checkRecipe(params, context, recipeProfiles),
  load: () => import('./run.ts'),
};
