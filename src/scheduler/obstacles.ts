import { FailureError, type Failure } from '../core/failure.ts';
import type { Cell } from '../core/plan.ts';
import type { StageKind } from '../stages/stage-kind.ts';

/**
 * Refuses stages that lack something of this machine, before anything of the run is made.
 *
 * @param running - the cells that run
 * @param kinds - theirs
 * @throws FailureError that names each such stage, for each thing that it lacks
 */
export async function refuseObstacles(
  running: readonly Cell[],
  kinds: Readonly<Record<string, StageKind>>,
): Promise<void> {
  const failures = new Map<string, Failure>();
  for (const { stage, kind, params } of running) {
    const obstacle = await kinds[kind]?.obstacle?.(params);
    if (obstacle)
      failures.set(`${stage} ${obstacle.message}`, { ...obstacle, message: `${stage}: ${obstacle.message}` });
  }
  if (failures.size) throw new FailureError([...failures.values()]);
}
