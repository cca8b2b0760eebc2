import { hasResult } from '../../core/cell-state.ts';
import type { CellId } from '../../core/plan.ts';
import type { CellStatus } from '../../core/run-state.ts';
import type { Cluster } from '../../executors/cluster.ts';
import { arrayFolder, readJob, readSubmitted, taskSpots } from '../../record/arrays.ts';

/** How long the queue may take to answer somebody who waits for it. Milliseconds. */
const patience = 5000;

/** Tasks of a job that wait for the same. */
export interface WaitingTasks {
  readonly array: string;
  readonly job: string;
  readonly count: number;
  /** In the queue's words: `Priority`; empty where it gives none. */
  readonly reason: string;
  /** What they wait for that is not their turn, and what to do. */
  readonly obstacle?: { readonly message: string; readonly fix: string };
}

/**
 * Asks the queue what the tasks of a run wait for.
 *
 * @param folder - the run's folder
 * @param statuses - how far its cells are
 * @param cluster - where they are
 * @returns tasks by job and reason; undefined where the queue does not answer at once
 */
export async function waitingTasks(
  folder: string,
  statuses: ReadonlyMap<CellId, CellStatus>,
  cluster: Pick<Cluster, 'look'>,
): Promise<readonly WaitingTasks[] | undefined> {
  const sight = await cluster.look(patience);
  if (!sight) return undefined;
  const { arrays = [] } = readSubmitted(folder) ?? {};
  const spots = taskSpots(arrays);
  const waiting = new Map<string, { -readonly [name in keyof WaitingTasks]: WaitingTasks[name] }>();
  for (const { name: array, tasks } of arrays) {
    const job = readJob(arrayFolder(folder, array));
    if (job === undefined) continue;
    for (const [index, cells] of tasks) {
      const seen = sight.task(job, index);
      const isDone = (cell: CellId) => {
        const state = statuses.get(cell)?.state;
        return spots.get(cell)?.array !== array || (state !== undefined && hasResult(state));
      };
      if (seen?.state !== 'queued' || cells.every(isDone)) continue;
      const { reason, obstacle } = seen;
      const same = `${job} ${reason}`;
      const known = waiting.get(same);
      if (known) known.count += 1;
      else waiting.set(same, { array, job, count: 1, reason, ...(obstacle && { obstacle }) });
    }
  }
  return [...waiting.values()];
}
