import type { CellId, Plan } from '../core/plan.ts';
import type { Outcome, Outcomes } from '../report/rows/rows.ts';
import type { Entry } from '../store/store.ts';

/**
 * Reads the results that a plan's tables and plots show.
 *
 * @param plan - the plan
 * @param entries - results by cell
 * @returns metrics of the cells that any table or plot reads, and of those that asked for half precision, where they have a result
 */
export function reportOutcomes(plan: Plan, entries: ReadonlyMap<CellId, Entry>): Outcomes {
  const outcomes = new Map<CellId, Outcome>();
  const mixed = plan.cells.filter(({ params }) => params['amp'] === true).map(({ id }) => id);
  for (const cell of new Set([...[...plan.tables, ...plan.plots].flatMap(({ cells }) => cells), ...mixed])) {
    const entry = entries.get(cell);
    if (!entry) continue;
    const { metrics, key, run, environment } = entry.manifest();
    const { amp } = environment;
    outcomes.set(cell, { metrics, key, run, ...(typeof amp === 'string' && { amp }) });
  }
  return outcomes;
}
