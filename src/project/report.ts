import { basename } from 'node:path';
import { FailureError } from '../core/failure.ts';
import type { CellId, Plan, TablePlan } from '../core/plan.ts';
import { latestRun } from '../record/past-runs.ts';
import { renderPlots } from '../report/plots/render-plots.ts';
import { renderTables, type RenderOptions, type ReportContext } from '../report/tables/render-tables.ts';
import type { Rendered } from '../report/report.ts';
import type { Entry } from '../store/store.ts';
import { kdpipeCommand } from '../util/shell-word.ts';
import { withNameAdvice } from '../util/text.ts';
import { commitOf } from './git.ts';
import { reportOutcomes } from './outcomes.ts';
import { asPlanned, type PipelineSource, type PlannedPipeline, type SourceOptions } from './plan.ts';
import { preview } from './preview.ts';

/** How results are rendered. */
export interface ReportOptions extends SourceOptions, RenderOptions {
  /** Names of the tables; by default all. Plots are drawn only where nothing is said of tables. */
  readonly tables?: readonly string[];
}

/** The tables that are asked for. */
function chosenTables({ tables }: Plan, names: readonly string[] | undefined): readonly TablePlan[] {
  if (!names) return tables;
  const known = tables.map(({ name }) => name);
  const failures = names
    .filter((name) => !known.includes(name))
    .map((name) =>
      withNameAdvice({ code: 'unknown-table', message: `there is no table ${JSON.stringify(name)}` }, name, known),
    );
  if (failures.length > 0) throw new FailureError(failures);
  return tables.filter(({ name }) => names.includes(name));
}

/**
 * Name of a pipeline's latest run.
 *
 * @param pipeline - the plan
 * @returns the name; `none` when it never ran
 */
function latestRunName(pipeline: PlannedPipeline): string {
  const { plan, project } = pipeline;
  return basename(latestRun(project.runsFolder, plan.name) ?? 'none');
}

/**
 * Says where tables and plots come from.
 *
 * @param pipeline - what they are of
 * @param origin - the run and the command that they name; by default the latest run, and the command that runs the plan
 * @param origin.run - the run's name; null for the latest one
 * @param origin.command - the command line
 * @returns what they are rendered with; no commit is looked for where there are none
 */
export async function reportContext(
  pipeline: PlannedPipeline,
  { run = null, command = commandOf(pipeline) }: { readonly run?: string | null; readonly command?: string } = {},
): Promise<ReportContext> {
  const { plan, project, pipelineFolder } = pipeline;
  const commit = plan.tables.length + plan.plots.length > 0 ? await commitOf(project.root) : null;
  return { run: run ?? latestRunName(pipeline), commit, command, pipelineFolder };
}

/**
 * The command that makes a plan's results, as one could type it.
 *
 * @param pipeline - the plan
 * @param verb - `run`, or `report` for the command that writes its tables and plots
 * @returns the command line
 */
export function commandOf(pipeline: PlannedPipeline, verb: 'run' | 'report' = 'run'): string {
  return kdpipeCommand(verb, pipeline.plan.file, pipeline.overrides);
}

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
  const pipeline = await asPlanned(target, options);
  const { faults } = pipeline;
  if (faults.length) throw new FailureError(faults);
  const { tables: names, format, sort, top } = options;
  const asked = { ...(format && { format }), ...(sort !== undefined && { sort }), ...(top !== undefined && { top }) };
  const isAll = names === undefined && Object.keys(asked).length === 0;
  const plan = { ...pipeline.plan, tables: chosenTables(pipeline.plan, names) };
  const entries = new Map<CellId, Entry>();
  for (const { cell, resolution } of await preview(pipeline))
    if (resolution.status === 'reuse') entries.set(cell.id, resolution.entry);
  const context = await reportContext(pipeline);
  const outcomes = reportOutcomes(plan, entries);
  const tables = await renderTables(plan, outcomes, context, asked);
  return { tables, plots: isAll ? await renderPlots(plan, outcomes, context) : [] };
}
