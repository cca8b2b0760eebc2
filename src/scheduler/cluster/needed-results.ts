import { setTimeout } from 'node:timers/promises';
import { hasResult } from '../../core/cell-state.ts';
import type { CellId, Key } from '../../core/plan.ts';
import { stateAfter } from '../../core/run-state.ts';
import {
  arrayFolder,
  readTaskEnd,
  taskFiles,
  type CellEnd,
  type NeededCell,
  type TaskSpot,
} from '../../record/arrays.ts';
import { namesIfReadable } from '../../util/if-readable.ts';
import type { Resolver } from '../resolve.ts';

/** How long what another node wrote may take to be seen on this one. Milliseconds. */
const lag = 20_000;

/** Reads how another task ended; its folder is read before, as network file systems remember what was not there. */
async function endOf(run: string, { array, index }: TaskSpot): Promise<readonly CellEnd[]> {
  const folder = arrayFolder(run, array);
  for (const start = performance.now(); ;) {
    const end = namesIfReadable(folder).includes(`${index}.json`) && readTaskEnd(taskFiles.end(folder, index));
    if (end) return end.cells;
    if (performance.now() - start > lag) return [];
    await setTimeout(500);
  }
}

async function keyOf(run: string, { cell, from }: NeededCell): Promise<Key | undefined> {
  if (typeof from === 'string') return from;
  const end = (await endOf(run, from)).find(({ event }) => event.cell === cell.id)?.event;
  const state = end && stateAfter(end);
  return state && hasResult(state) && 'key' in end ? (end.key ?? undefined) : undefined;
}

/**
 * Puts the results that a task reads in their place.
 *
 * @param run - the run's folder
 * @param needs - what the task reads
 * @param resolver - takes note of the results
 * @returns the cells that have none
 */
export async function settleNeeds(
  run: string,
  needs: readonly NeededCell[],
  resolver: Pick<Resolver, 'settle'>,
): Promise<ReadonlySet<CellId>> {
  const missing = new Set<CellId>();
  await Promise.all(
    needs.map(async (need) => {
      const key = await keyOf(run, need);
      if (key === undefined) missing.add(need.cell.id);
      else resolver.settle(need.cell.id, key);
    }),
  );
  return missing;
}
