import type { Cell, Value } from '../../core/plan.ts';
import { canonical } from '../../fingerprint/canonical.ts';
import { taskParameters } from '../../fingerprint/task-parameters.ts';
import type { StageKind } from '../../stages/stage-kind.ts';

/**
 * Says which cells may run as a cohort before any of them has its inputs: those of a kind that are equal in the parameters that it
 * shares, and read the same outputs of the same cells by them.
 *
 * @param cell - a cell of the plan
 * @param kind - its kind
 * @returns equal for cells that may run together; null where the kind has no cohorts
 */
export function plannedCohortOf(cell: Cell, kind: StageKind | undefined): string | null {
  const shared = kind?.cohort;
  if (!shared) return null;
  const equal = Object.fromEntries(
    Object.entries(cell.params).filter((entry): entry is [string, Value] => shared.includes(entry[0])),
  );
  const { params, references } = taskParameters(equal);
  const reads = references.map(({ name, reference }) => [name, reference.cell, reference.output ?? null]);
  return canonical([cell.stage, params, reads]);
}
