import type { Cell, Plan } from '../core/plan.ts';
import type { PlanOptions } from '../scheduler/prepare.ts';
import type { Resolution } from '../scheduler/resolution.ts';
import { previewPlan } from '../scheduler/run-plan.ts';
import { groupBy } from '../util/group.ts';
import { pluralize } from '../util/text.ts';
import { print, printJson } from './terminal.ts';

/** Most cells of one stage that are listed one by one. */
const listedCells = 20;

const words = { reuse: 'reuse', run: 'run', unknown: 'run' } as const;

function reasonsOf(resolution: Resolution): readonly string[] {
  return resolution.status === 'reuse' ? [] : resolution.reasons;
}

function cellLine(cell: Cell, resolution: Resolution): string {
  const reasons = reasonsOf(resolution);
  return `  ${words[resolution.status].padEnd(5)}  ${cell.id}${reasons.length ? `  (${reasons.join('; ')})` : ''}`;
}

/** Lines of one stage: its cells that run, and a count of those that are reused. */
function stageLines(stage: string, cells: readonly (readonly [Cell, Resolution])[]): readonly string[] {
  const running = cells.filter(([, resolution]) => resolution.status !== 'reuse');
  const reused = cells.length - running.length;
  return [
    `${stage}: ${[running.length ? `${running.length} to run` : '', reused ? `${reused} reused` : ''].filter(Boolean).join(', ')}`,
    ...running.slice(0, listedCells).map(([cell, resolution]) => cellLine(cell, resolution)),
    ...(running.length > listedCells ? [`  … and ${running.length - listedCells} more`] : []),
  ];
}

/**
 * Prints what a run would do (`kdpipe run -n`, `kdpipe plan`).
 *
 * @param plan - the plan
 * @param options - store, kinds, what is selected and forced
 * @param json - true for one JSON object: `cells` with `cell`, `stage`, `status`, `key`, `reasons`, `needs`
 */
export async function printPreview(plan: Plan, options: PlanOptions, json: boolean): Promise<void> {
  const { cells, resolutions } = await previewPlan(plan, options);
  const pairs = cells.flatMap((cell, at) => {
    const resolution = resolutions[at];
    return resolution ? [[cell, resolution] as const] : [];
  });
  if (json) {
    printJson({ pipeline: plan.name, cells: pairs.map(([cell, resolution]) => jsonCell(cell, resolution)) });
    return;
  }
  const stages = groupBy(pairs, ([cell]) => cell.stage);
  for (const [stage, of] of stages) print(stageLines(stage, of).join('\n'));
  const running = pairs.filter(([, resolution]) => resolution.status !== 'reuse').length;
  print(
    running
      ? `${pluralize(running, 'cell')} to run, ${pairs.length - running} reused`
      : `nothing to do: ${pluralize(pairs.length, 'cell')} reused`,
  );
}

function jsonCell(cell: Cell, resolution: Resolution): object {
  const { id, stage, kind, needs } = cell;
  const key = resolution.status === 'unknown' ? null : resolution.key;
  return { cell: id, stage, kind, status: resolution.status, key, reasons: reasonsOf(resolution), needs };
}
