import { resolve } from 'node:path';
import type { Failure } from '../core/failure.ts';
import type { Plan, PlotPlan, TablePlan } from '../core/plan.ts';
import { checkPlotPlaces, checkPlots, writePlots } from './plots/plot-files.ts';
import type { Drift, WrittenFile } from './files/written-file.ts';
import { checkPlaces, checkTables, isEmptyPlace, writeTables } from './tables/table-files.ts';
import { isTaken } from './files/new-file.ts';
import { plotFiles, plotProblems, type RenderedPlot } from './plots/render-plots.ts';
import { tableFiles, tableProblems, type RenderedTable } from './tables/render-tables.ts';

/** Tables and plots, rendered. */
export interface Rendered {
  readonly tables: readonly RenderedTable[];
  readonly plots: readonly RenderedPlot[];
}

/** Where a pipeline and what it writes stand. */
export interface Folders {
  /** Absolute path of the pipeline file's folder. */
  readonly pipelineFolder: string;
  /** Absolute path of the project's root. */
  readonly root: string;
}

/**
 * Finds what is wrong with a plan's tables and plots, and with the files that they go into, before anything has run.
 *
 * @param plan - the plan
 * @param folders - where it stands
 * @returns all failures
 */
export async function reportProblems(plan: Plan, folders: Folders): Promise<readonly Failure[]> {
  const { pipelineFolder, root } = folders;
  const all = await Promise.all([
    tableProblems(plan, pipelineFolder),
    checkPlaces(plan, folders),
    plotProblems(plan, pipelineFolder),
    checkPlotPlaces(plan.plots, root),
  ]);
  return all.flat();
}

/**
 * Puts tables into their files, and writes plots.
 *
 * @param rendered - tables and plots
 * @param root - absolute path of the project's root
 * @returns what went where
 * @throws FailureError when a file cannot be read or written, or is not what it should be
 */
export async function writeReport(rendered: Rendered, root: string): Promise<readonly WrittenFile[]> {
  return [...(await writeTables(rendered.tables, root)), ...(await writePlots(rendered.plots, root))];
}

/**
 * Compares tables and plots with what their files hold.
 *
 * @param rendered - tables and plots
 * @param root - absolute path of the project's root
 * @returns what differs
 * @throws FailureError when a file cannot be read, or is not what it should be
 */
export async function checkReport(rendered: Rendered, root: string): Promise<readonly Drift[]> {
  return [...(await checkTables(rendered.tables, root)), ...(await checkPlots(rendered.plots, root))];
}

/**
 * The files that tables and plots are made from, beside results, and those that they stand in.
 *
 * @param plan - the plan
 * @param folders - where it stands
 * @returns absolute paths, each once
 */
export function reportFiles(plan: Plan, folders: Folders): ReadonlySet<string> {
  const { pipelineFolder, root } = folders;
  return new Set([...tableFiles(plan.tables, pipelineFolder, root), ...plotFiles(plan.plots, pipelineFolder, root)]);
}

/**
 * Says whether the place of a table or a plot holds nothing yet.
 *
 * @param shown - a table or a plot
 * @param root - absolute path of the project's root
 * @returns true for a file that is missing, and for markers with nothing in between
 * @throws FailureError when the file cannot be read, or its markers are missing or wrong
 */
export function isVacant(shown: TablePlan | PlotPlan, root: string): Promise<boolean> {
  return 'rows' in shown ? isEmptyPlace(shown, root) : Promise.resolve(!isTaken(resolve(root, shown.into)));
}
