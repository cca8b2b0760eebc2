import type { CellId } from '../core/plan.ts';

/** The part of a cell that graph algorithms look at. */
export interface Node {
  readonly id: CellId;
  readonly needs: readonly CellId[];
}

/**
 * Longest remaining path: the weight of a cell plus that of the heaviest chain of cells that wait for it. Starting the
 * largest first keeps all slots busy to the end (critical-path scheduling).
 *
 * @param cells - cells in topological order, as a plan holds them
 * @param weight - cost of one cell in any unit, e.g. seconds; at least 0
 * @returns for every cell its priority in the unit of `weight`
 */
export function longestRemaining<T extends Node>(
  cells: readonly T[],
  weight: (cell: T) => number,
): ReadonlyMap<CellId, number> {
  const behind = new Map<CellId, number>();
  const priority = new Map<CellId, number>();
  for (const cell of cells.toReversed()) {
    const own = weight(cell) + (behind.get(cell.id) ?? 0);
    priority.set(cell.id, own);
    for (const need of cell.needs) behind.set(need, Math.max(behind.get(need) ?? 0, own));
  }
  return priority;
}
