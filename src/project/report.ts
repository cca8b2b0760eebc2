import { basename } from 'node:path';
import type { CellId, Plan } from '../core/plan.ts';
import { latestRun } from '../record/past-runs.ts';
import { renderPlots } from '../report/plots/render-plots.ts';
import { renderTables, type ReportContext, type ReportFormat } from '../report/tables/render-tables.ts';
import type { Rendered } from '../report/report.ts';
import type { Entry } from '../store/store.ts';
import { commitOf } from './git.ts';
import { reportOutcomes } from './outcomes.ts';
import { planned, type PipelineSource, type PlannedPipeline, type SourceOptions } from './plan.ts';
import { preview } from './preview.ts';

/** How results are rendered. */
export interface ReportOptions extends SourceOptions {
  /** Instead of each table's own template; no plots are drawn then. */
  readonly format?: ReportFormat;
}

/**
 * Name of a pipeline's latest run.
 *
 * @param pipeline - the plan
 * @returns the name; `none` when it never ran
 */
export function latestRunName(pipeline: PlannedPipeline): string {
  const { plan, project } = pipeline;
  return basename(latestRun(project.runsFolder, plan.name) ?? 'none');
}

/** Where a report says that it comes from. */
async function contextOf(pipeline: PlannedPipeline): Promise<ReportContext> {
  const { plan, project, pipelineFolder } = pipeline;
  const commit = await commitOf(project.root);
  return { run: latestRunName(pipeline), commit, command: commandOf(plan), pipelineFolder };
}

/**
 * The command that makes a plan's results.
 *
 * @param plan - the plan
 * @returns the command line
 */
export const commandOf = (plan: Plan): string => `kdpipe run ${plan.file}`;

/**
 * Renders tables and plots from the results that are there. Runs nothing, and writes nothing: `writeReport` and
 * `checkReport` take what it returns.
 *
 * @param target - a pipeline or a plan of it
 * @param options - the format; for a pipeline also overrides, environment and working folder
 * @returns tables and plots; cells without a result are missing runs in them
 * @throws FailureError with every problem of the file, or with all that is wrong with its tables and plots
 */
export async function report(target: PipelineSource | PlannedPipeline, options: ReportOptions = {}): Promise<Rendered> {
  const pipeline = await planned(target, options);
  const { plan } = pipeline;
  const { format } = options;
  const entries = new Map<CellId, Entry>();
  for (const { cell, resolution } of await preview(pipeline))
    if (resolution.status === 'reuse') entries.set(cell.id, resolution.entry);
  const context = await contextOf(pipeline);
  const outcomes = reportOutcomes(plan, entries);
  const tables = await renderTables(plan, outcomes, context, format);
  return { tables, plots: format === undefined ? await renderPlots(plan, outcomes, context) : [] };
}
