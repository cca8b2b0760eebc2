import { meaningOf } from '../pipeline/plan.ts';
import { findCells, selectCells, type Selection } from '../cells/select.ts';
import type { Cell } from '../core/plan.ts';
import { redactor } from '../core/secrets.ts';
import { unwrap } from '../core/result.ts';
import type { PlanOptions } from '../scheduler/prepare.ts';
import type { Resolution } from '../scheduler/resolution.ts';
import { previewPlan } from '../scheduler/run-plan.ts';
import { asPlanned, type PipelineSource, type PlannedPipeline, type SourceOptions } from './plan.ts';

/** Which cells run: selectors as `kdpipe run` takes them (a stage, a cell, or `stage[axis=value]`). */
export interface CellOptions extends Selection {
  /** Cells that run although the store has their results. */
  readonly force?: readonly string[];
}

/** A cell and what a run would do with it. */
export interface CellPreview {
  readonly cell: Cell;
  readonly resolution: Resolution;
}

/**
 * Resolves selectors to cells.
 *
 * @param target - the plan
 * @param options - the selectors
 * @returns what the scheduler takes
 * @throws FailureError for each selector that names no cell
 */
export function schedulerOptions(target: PlannedPipeline, options: CellOptions): PlanOptions {
  const { plan, project } = target;
  const { only, from, to, force } = options;
  const meant = meaningOf(
    plan.cells.map(({ kind }) => kind),
    target.registered,
  );
  return {
    ...project,
    ...((only ?? from ?? to) ? { selection: unwrap(selectCells(plan.cells, options, meant)) } : {}),
    ...(force ? { force: unwrap(findCells(plan.cells, force, meant)) } : {}),
  };
}

/**
 * Compares a plan with the results that are there: what a run would do with each cell, and why. Writes nothing.
 *
 * @param target - a pipeline or a plan of it
 * @param options - which cells; for a pipeline also overrides, environment and working folder
 * @returns the cells of the run, in the order of the plan
 * @throws FailureError with every problem of the file; when a source cannot be read; when a cell that is not selected
 * would have to run
 */
export async function preview(
  target: PipelineSource | PlannedPipeline,
  options: CellOptions & SourceOptions = {},
): Promise<readonly CellPreview[]> {
  const pipeline = await asPlanned(target, options);
  const { cells, resolutions } = await previewPlan(pipeline.plan, schedulerOptions(pipeline, options));
  const redact = redactor(pipeline.plan.secrets);
  return cells.flatMap((cell, index): readonly CellPreview[] => {
    const resolution = resolutions[index];
    if (resolution === undefined) return [];
    if (resolution.status === 'reuse') return [{ cell, resolution }];
    return [{ cell, resolution: { ...resolution, reasons: resolution.reasons.map(redact.text) } }];
  });
}
