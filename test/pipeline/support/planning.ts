import { FailureError, type Failure } from '../../../src/core/failure.ts';
import type { Cell, Plan } from '../../../src/core/plan.ts';
import { unwrap } from '../../../src/core/result.ts';
import { planPipeline, type PlanOptions } from '../../../src/pipeline/plan.ts';
import type { Planned } from '../../../src/pipeline/verdict.ts';
import { catalogue, kinds } from './kinds.ts';

/** What a test changes of the small world in which its pipeline is planned. */
export type Options = Partial<PlanOptions>;

const file = 'pipeline.yaml';
const withDefaults = (options: Options): PlanOptions => ({ env: {}, overrides: [], kinds, catalogue, ...options });

/** The plan of a text with what is to be said of it. */
export function plannedOf(text: string, options: Options = {}): Planned {
  return unwrap(planPipeline({ file, text }, withDefaults(options)));
}

/** The plan of a text that has no problems. */
export function planOf(text: string, options: Options = {}): Plan {
  const { plan, faults } = plannedOf(text, options);
  if (faults.length > 0) throw new FailureError(faults);
  return plan;
}

/** The failures of a text that has some; those of its tables and plots too. */
export function failuresOf(text: string, options: Options = {}): readonly Failure[] {
  const result = planPipeline({ file, text }, withDefaults(options));
  return result.ok ? result.value.faults : result.failures;
}

/** Failures in short: `line:column code: message`. */
export function problemsOf(text: string, options: Options = {}): string[] {
  return failuresOf(text, options).map(({ place, code, message }) => {
    return `${place?.line ?? '-'}:${place?.column ?? '-'} ${code}: ${message}`;
  });
}

/** The text that a failure underlines. */
export function underlined({ place }: Failure): string {
  const start = (place?.column ?? 1) - 1;
  return place?.excerpt?.slice(start, start + (place.width ?? 1)) ?? '';
}

/** Ids of a stage's cells in the order of the plan; of all stages when none is named. */
export function idsOf(plan: Plan, stage?: string): string[] {
  return plan.cells.filter((cell) => stage === undefined || cell.stage === stage).map(({ id }) => id);
}

/** The cell of an id. */
export function cellOf(plan: Plan, id: string): Cell {
  const cell = plan.cells.find((one) => one.id === id);
  if (!cell) throw new Error(`no cell ${id} among ${idsOf(plan).join(' ')}`);
  return cell;
}
