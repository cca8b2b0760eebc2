import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFailure } from '../core/system-failure.ts';
import type { CellId, Plan, PlotPlan, TablePlan } from '../core/plan.ts';
import type { WrittenFile } from '../report/files/written-file.ts';
import { renderPlots } from '../report/plots/render-plots.ts';
import { reportMarkdown } from '../report/report-markdown.ts';
import { isVacant, writeReport } from '../report/report.ts';
import type { Outcomes } from '../report/rows/rows.ts';
import { renderTables } from '../report/tables/render-tables.ts';
import type { RunSummary } from '../scheduler/run-plan.ts';
import { reportOutcomes } from './outcomes.ts';
import type { PlannedPipeline } from './plan.ts';
import { reportContext } from './report.ts';

/** A table or a plot whose file a run left as it was. */
export interface HeldFile extends Omit<WrittenFile, 'changed'> {
  /** `overridden`: `-S` may change what it shows; `incomplete`: results are missing, and its file holds an earlier one. */
  readonly why: 'overridden' | 'incomplete';
  /** Cells that it reads, and those of them that have a result. */
  readonly cells: number;
  readonly results: number;
}

/** What a run did with the files of its tables and plots. */
export interface ReportedFiles {
  /** The tables and plots that stand in their files now. */
  readonly written: readonly WrittenFile[];
  /** Those whose files were left as they were. */
  readonly held: readonly HeldFile[];
}

/** How files are written. */
export interface WritingOptions {
  /** See `RunOptions.report`. */
  readonly report: boolean | undefined;
  /** The command that the tables name. */
  readonly command: string;
}

/**
 * Says whether a run may write the files of its tables and plots: those show what the pipeline file says, unless it is told
 * otherwise.
 *
 * @param pipeline - the plan
 * @param report - see `RunOptions.report`
 * @returns false where the files stay as they are
 */
export function writesReports(pipeline: PlannedPipeline, report: boolean | undefined): boolean {
  return report ?? pipeline.overrides.length === 0;
}

/** Writes the run's own report: all tables, whatever is missing. It only repeats what is there: a disk may not take it. */
async function writeRecord(pipeline: PlannedPipeline, summary: RunSummary, command: string): Promise<void> {
  if (summary.folder === null) return;
  const { plan } = pipeline;
  const context = await reportContext(pipeline, { run: summary.run, command });
  const ends = [...summary.states].map(([cell, end]) => ({ cell, end, seconds: secondsOf(summary, cell) }));
  const text = await reportMarkdown(plan, reportOutcomes(plan, summary.entries), context, ends);
  await writeFile(join(summary.folder, 'report.md'), text).catch((error: unknown) => {
    if (!systemFailure(error)) throw error;
  });
}

function secondsOf(summary: RunSummary, cell: CellId): number {
  const entry = summary.states.get(cell) === 'finished' ? summary.entries.get(cell) : undefined;
  return entry?.manifest().seconds ?? 0;
}

/** A table or a plot that goes into a file. */
interface Shown {
  readonly plan: TablePlan | PlotPlan;
  readonly what: string;
  readonly file: string;
}

const shownOf = ({ tables, plots }: Plan): readonly Shown[] => [
  ...tables.flatMap((table) =>
    table.into === undefined ? [] : [{ plan: table, what: `table ${table.name}`, file: table.into }],
  ),
  ...plots.map((plot) => ({ plan: plot, what: `plot ${plot.name}`, file: plot.into })),
];

/** A run that has ended, and whether it writes. */
interface EndedRun {
  readonly pipeline: PlannedPipeline;
  readonly summary: RunSummary;
  readonly report: boolean | undefined;
}

/**
 * Why a file is left as it is; undefined for one that is written. After a failure a table that lacks results may fill an empty
 * place: it says what it lacks. It never takes the place of an earlier one, which may have them.
 */
async function holdOf(
  { plan }: Shown,
  results: number,
  { pipeline, summary, report }: EndedRun,
): Promise<HeldFile['why'] | undefined> {
  if (report === true) return undefined;
  if (!writesReports(pipeline, report)) return 'overridden';
  if (results === plan.cells.length) return undefined;
  return summary.status === 'failed' && results > 0 && (await isVacant(plan, pipeline.project.root))
    ? undefined
    : 'incomplete';
}

/** Finds which files are left as they are. */
async function heldFiles(ended: EndedRun, outcomes: Outcomes): Promise<ReadonlyMap<TablePlan | PlotPlan, HeldFile>> {
  const held = new Map<TablePlan | PlotPlan, HeldFile>();
  for (const shown of shownOf(ended.pipeline.plan)) {
    const { plan, what, file } = shown;
    const results = plan.cells.filter((cell) => outcomes.has(cell)).length;
    const why = await holdOf(shown, results, ended);
    if (why) held.set(plan, { what, file, why, cells: plan.cells.length, results });
  }
  return held;
}

/**
 * Writes the run's `report.md`, and the tables and plots that may go into their files.
 *
 * @param pipeline - what was run
 * @param summary - how the run ended
 * @param options - whether files are written, and the command that they name
 * @returns what went where, and what did not
 * @throws FailureError when a file cannot be written
 */
export async function writeReports(
  pipeline: PlannedPipeline,
  summary: RunSummary,
  options: WritingOptions,
): Promise<ReportedFiles> {
  const { report, command } = options;
  await writeRecord(pipeline, summary, command);
  if (report === false) return { written: [], held: [] };
  const { plan, project } = pipeline;
  const outcomes = reportOutcomes(plan, summary.entries);
  const held = await heldFiles({ pipeline, summary, report }, outcomes);
  const tables = plan.tables.filter((table) => table.into !== undefined && !held.has(table));
  const plots = plan.plots.filter((plot) => !held.has(plot));
  const shown = { ...plan, tables, plots };
  const context = await reportContext({ ...pipeline, plan: shown }, { run: summary.run, command });
  const rendered = {
    tables: await renderTables(shown, outcomes, context),
    plots: await renderPlots(shown, outcomes, context),
  };
  return { written: await writeReport(rendered, project.root), held: [...held.values()] };
}
