import { decodeParams } from '../../params/decode-params.ts';
import { recipeParams, recipeRequired } from '../../params/recipe.ts';
import type { StageContext, StageOutcome } from '../stage-kind.ts';
import { RECIPE_REGISTRIES, runTraining } from '../training/run-training.ts';

/**
 * Trains a network on labels alone.
 *
 * @param stage - the running stage
 * @returns metrics and the record
 */
export function run(stage: StageContext): Promise<StageOutcome> {
  const recipe = decodeParams({ params: recipeParams, required: recipeRequired }, stage.params, RECIPE_REGISTRIES);
  return runTraining(stage, recipe, null);
}
