import { canonical } from '../fingerprint/canonical.ts';
import { keyDocument } from '../fingerprint/stage.ts';
import type { Cell } from '../core/plan.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import type { ResolvedCell } from './resolution.ts';

/**
 * Says which cells may run as a cohort: those of a kind that are equal in the parameters that it shares — contents of
 * inputs in place of references — and ask for the same resources.
 *
 * @param cell - a cell that is ready to run
 * @param kind - its kind
 * @param resolved - its parameters and inputs
 * @returns equal for cells that may run together; null where the kind has no cohorts
 */
export function cohortOf(cell: Cell, kind: StageKind | undefined, resolved: () => ResolvedCell): string | null {
  const shared = kind?.cohort;
  if (!shared) return null;
  const { params, ...rest } = resolved();
  const equal = Object.fromEntries(Object.entries(params).filter(([name]) => shared.includes(name)));
  const { cpu, gpu, memory } = cell.resources;
  return canonical({ ...keyDocument({ ...rest, params: equal, sources: [] }), resources: { cpu, gpu, memory } });
}
