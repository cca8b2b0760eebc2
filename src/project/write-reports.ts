import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../core/failure.ts';
import { systemFailure } from '../core/system-failure.ts';
import type { CellId, Plan, PlotPlan, TablePlan } from '../core/plan.ts';
import { collect } from '../report/files/collect.ts';
import type { WrittenFile } from '../report/files/written-file.ts';
import { renderPlots } from '../report/plots/render-plots.ts';
import { reportMarkdown } from '../report/report-markdown.ts';
import { isVacant, writeReport } from '../report/report.ts';
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
  /** Why others do not stand in their files. */
  readonly unwritten: readonly Failure[];
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
  readonly what: string;
  readonly file: string;
  readonly one: TablePlan | PlotPlan;
  /** The plan with this table or plot alone. */
  readonly plan: Plan;
}

const shownOf = (plan: Plan): readonly Shown[] => [
  ...plan.tables.flatMap((one) =>
    one.into === undefined
      ? []
      : [{ what: `table ${one.name}`, file: one.into, one, plan: { ...plan, tables: [one], plots: [] } }],
  ),
  ...plan.plots.map((one) => ({
    what: `plot ${one.name}`,
    file: one.into,
    one,
    plan: { ...plan, tables: [], plots: [one] },
  })),
];

/** A run that has ended, and how its files are written. */
interface EndedRun extends WritingOptions {
  readonly pipeline: PlannedPipeline;
  readonly summary: RunSummary;
}

/**
 * Why a file is left as it is; undefined for one that is written. After a failure a table that lacks results may fill an empty
 * place: it says what it lacks. It never takes the place of an earlier one, which may have them.
 */
async function holdOf(
  { one }: Shown,
  results: number,
  { pipeline, summary, report }: EndedRun,
): Promise<HeldFile['why'] | undefined> {
  if (report === true) return undefined;
  if (!writesReports(pipeline, report)) return 'overridden';
  const stopped = one.cells.filter((cell) => summary.states.get(cell) === 'stopped').length;
  if (results + stopped === one.cells.length) return undefined;
  return summary.status === 'failed' && results > 0 && (await isVacant(one, pipeline.project.root))
    ? undefined
    : 'incomplete';
}

/** What has become of the files so far. */
interface Report {
  readonly written: WrittenFile[];
  readonly held: HeldFile[];
  readonly unwritten: Failure[];
}

/** Writes tables and plots, each by itself: one that cannot be written keeps none of the others from its file. */
async function writeShown(ended: EndedRun, { written, held, unwritten }: Report): Promise<void> {
  const { pipeline, summary, command } = ended;
  const { plan, project } = pipeline;
  const outcomes = reportOutcomes(plan, summary.entries);
  const context = await reportContext(pipeline, { run: summary.run, command });
  const write = async (shown: Shown): Promise<void> => {
    const { what, file, one } = shown;
    const results = one.cells.filter((cell) => outcomes.has(cell)).length;
    const why = await holdOf(shown, results, ended);
    if (why) return void held.push({ what, file, why, cells: one.cells.length, results });
    const tables = await renderTables(shown.plan, outcomes, context);
    const plots = await renderPlots(shown.plan, outcomes, context);
    written.push(...(await writeReport({ tables, plots }, project.root)));
  };
  for (const shown of shownOf(plan)) await collect(unwritten, () => write(shown));
}

/**
 * Writes the run's `report.md`, and the tables and plots that may go into their files.
 *
 * @param pipeline - what was run
 * @param summary - how the run ended
 * @param options - whether files are written, and the command that they name
 * @returns what went where, what did not, and what could not: results are kept, whatever becomes of the files that show them
 */
export async function writeReports(
  pipeline: PlannedPipeline,
  summary: RunSummary,
  options: WritingOptions,
): Promise<ReportedFiles> {
  const files: Report = { written: [], held: [], unwritten: [] };
  await collect(files.unwritten, async () => {
    await writeRecord(pipeline, summary, options.command);
    if (options.report !== false) await writeShown({ pipeline, summary, ...options }, files);
  });
  return files;
}
