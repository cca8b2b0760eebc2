import type { StageKind } from '../stage-kind.ts';
import { checkRecipe, recipeParams, recipeRequired, trainingMetrics, trainingOutputs } from './recipe.ts';

/** Ordinary training: teachers, and students without one. */
export const trainTeacher: StageKind = {
  name: 'train-teacher',
  resultVersion: 1,
  summary: 'Trains a network on labels alone: a teacher, or a student to compare with.',
  params: recipeParams,
  required: recipeRequired,
  unkeyed: [],
  outputs: () => trainingOutputs,
  metrics: () => trainingMetrics,
  check: checkRecipe,
  load: () => import('./run.ts'),
};
