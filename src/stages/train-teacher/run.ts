import type { StageContext, StageOutcome } from '../stage-kind.ts';
import { runTraining } from '../training/run-training.ts';

/**
 * Trains a network on labels alone.
 *
 * @param stage - the running stage
 * @returns metrics and the record
 */
export function run(stage: StageContext): Promise<StageOutcome> {
  return runTraining(stage, null);
}
