import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { CellId, Plan } from '../core/plan.ts';
import type { Outcome, Outcomes } from '../report/rows/rows.ts';
import type { Entry } from '../store/store.ts';

/** The engines that a record names: those that a training began with, and the one that ended it, with its device. */
function enginesOf({ engine, engines }: JsonObject): readonly string[] {
  if (!isJsonObject(engine)) return [];
  const { name, device } = engine;
  if (typeof name !== 'string') return [];
  const before = Array.isArray(engines) ? engines.filter((one) => typeof one === 'string' && one !== name) : [];
  return [...(before as readonly string[]), typeof device === 'string' ? `${name} on ${device}` : name];
}

/**
 * Reads the results that a plan's tables and plots show.
 *
 * @param plan - the plan
 * @param entries - results by cell
 * @returns metrics of the cells that any table or plot reads, and of those that ran a network, where they have a result
 */
export function reportOutcomes(plan: Plan, entries: ReadonlyMap<CellId, Entry>): Outcomes {
  const outcomes = new Map<CellId, Outcome>();
  const searched = (plan.searches ?? []).flatMap(({ trials }) => trials.flat(2));
  const computed = plan.cells.filter(({ params }) => params['engine'] !== undefined).map(({ id }) => id);
  for (const cell of new Set([
    ...[...plan.tables, ...plan.plots].flatMap(({ cells }) => cells),
    ...searched,
    ...computed,
  ])) {
    const entry = entries.get(cell);
    if (!entry) continue;
    const { metrics, key, run, environment } = entry.manifest();
    const { amp } = environment;
    const engines = enginesOf(environment);
    outcomes.set(cell, {
      metrics,
      key,
      run,
      ...(typeof amp === 'string' && { amp }),
      ...(engines.length > 0 && { engines }),
    });
  }
  return outcomes;
}
