import { FailureError } from '../core/failure.ts';
import type { Cell } from '../core/plan.ts';
import { pluralize } from '../util/text.ts';

/**
 * Refuses stages that ask for more GPUs than there are.
 *
 * @param asking - the cells that run
 * @param gpus - how many this machine has
 * @throws FailureError that names each such stage
 */
export function refuseMissingGpus(asking: readonly Cell[], gpus: number): void {
  const most = new Map<string, number>();
  for (const { stage, resources } of asking)
    if (resources.gpu > gpus) most.set(stage, Math.max(resources.gpu, most.get(stage) ?? 0));
  if (!most.size) return;
  throw new FailureError(
    [...most].map(([stage, gpu]) => ({
      code: 'not-enough-gpus',
      message: `${stage} asks for ${pluralize(gpu, 'GPU')}, but this machine has ${gpus || 'none'}`,
      expected: 'resources that the machine has',
      fix: 'name its GPUs where they are not found, KDPIPE_GPUS=0,1, or lower resources.gpu: 0 asks for none',
    })),
  );
}
