import { decodeParams } from '../../params/decode-params.ts';
import { recipeParams, recipeRequired } from '../../params/recipe.ts';
import type { StageContext, StageOutcome } from '../stage-kind.ts';
import { openPlugins } from '../training/run-plugins.ts';
import { recipeRegistries, runTraining } from '../training/run-training.ts';

/**
 * Trains a network on labels alone.
 *
 * @param stage - the running stage
 * @returns metrics and the record
 */
export async function run(stage: StageContext): Promise<StageOutcome> {
  const plugins = await openPlugins(stage);
  const declaration = { params: recipeParams, required: recipeRequired } as const;
  const recipe = decodeParams(declaration, stage.params, recipeRegistries(plugins));
  return runTraining(stage, recipe, { term: null, join: null, onHost: false, plugins });
}
