import type { CellTime, StageOutlook } from '../core/event.ts';
import type { Cell, CellId } from '../core/plan.ts';
import type { LastResults } from '../record/last-results.ts';
import { groupBy } from '../util/group.ts';
import type { Prepared } from './prepare.ts';
import type { Resolution } from './resolution.ts';

/** What is known before a run. */
interface Outset extends Pick<Prepared, 'cells' | 'last'> {
  readonly resolutions: readonly Pick<Resolution, 'status'>[];
}

/** Mean times of the cells that will run, as they were made last; undefined where none was. */
function meanTime(cells: readonly Cell[], last: LastResults): CellTime | undefined {
  let [count, wall, slot] = [0, 0, 0];
  for (const { id } of cells) {
    const { seconds, beside = 0 } = last.get(id) ?? {};
    if (seconds === undefined) continue;
    count += 1;
    wall += seconds;
    slot += seconds / (beside + 1);
  }
  return count === 0 ? undefined : { wall: wall / count, slot: slot / count };
}

/**
 * Says of each stage of a run what an estimate of its end goes by: how many cells it has, what it reads, and what those
 * of its cells that may run took the last time.
 *
 * @param prepared - the run's cells and what is to be done with each
 * @returns the stages in the order of the plan
 */
export function outlookOf(prepared: Outset): readonly StageOutlook[] {
  const { cells, resolutions, last } = prepared;
  const reused = new Set<CellId>();
  resolutions.forEach((resolution, index) => {
    const cell = cells[index];
    if (cell && resolution.status === 'reuse') reused.add(cell.id);
  });
  const stageOf = new Map(cells.map(({ id, stage }) => [id, stage]));
  return [...groupBy(cells, ({ stage }) => stage)].map(([stage, of]) => {
    const needs = new Set(of.flatMap((cell) => cell.needs.flatMap((need) => stageOf.get(need) ?? [])));
    const took = meanTime(
      of.filter(({ id }) => !reused.has(id)),
      last(),
    );
    return { stage, kind: of[0]?.kind ?? '', cells: of.length, needs: [...needs], ...(took && { took }) };
  });
}
