import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { EventSink } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import type { ExecutorFactory } from '../executors/executor.ts';
import { executors } from '../executors/registry.ts';
import { renderPlots } from '../report/plots/render-plots.ts';
import { reportMarkdown } from '../report/report-markdown.ts';
import { reportFiles, writeReport } from '../report/report.ts';
import type { WrittenFile } from '../report/files/written-file.ts';
import { renderTables } from '../report/tables/render-tables.ts';
import { runPlan, type RunSummary } from '../scheduler/run-plan.ts';
import { commitOf } from './git.ts';
import { saveNothingToDo } from './nothing-to-do.ts';
import { reportOutcomes } from './outcomes.ts';
import { asPlanned, requireReports, type PipelineSource, type PlannedPipeline, type SourceOptions } from './plan.ts';
import { schedulerOptions, type CellOptions } from './preview.ts';
import { commandOf, reportContext } from './report.ts';

/** How a pipeline is run. */
export interface RunOptions extends SourceOptions, CellOptions {
  /** Most stages at once; by default one for each core. */
  readonly slots?: number;
  /** Threads of every stage; by default running stages share the cores. */
  readonly threads?: number;
  /** After a failure, skip only what needs the failed cell; by default nothing new is started. */
  readonly keepGoing?: boolean;
  /** False to run each cell by itself; by default cells that share what they compute run together, with equal results. */
  readonly cohorts?: boolean;
  /** Where stages run; by default in worker processes of this machine. */
  readonly executor?: ExecutorFactory;
  /** Takes every event, in order. */
  readonly onEvent?: EventSink;
  /** Aborted to start nothing new and let running stages save what they have. */
  readonly signal?: AbortSignal;
  /** Aborted to end running stages at once. */
  readonly killSignal?: AbortSignal;
  /** The command that the run's record and its tables name; by default `kdpipe run FILE`. */
  readonly command?: string;
}

/** How a run ended, and what it wrote. */
export interface RunResult extends RunSummary {
  /** The tables and plots of which every cell has a result: they stand in their files now. */
  readonly written: readonly WrittenFile[];
}

/**
 * Runs a pipeline: what has a result is reused, the rest is made, then tables and plots are written into their files.
 *
 * @param target - a pipeline or a plan of it
 * @param options - how to run it; for a pipeline also overrides, environment and working folder
 * @returns how it ended: a failed stage is part of that (`status: 'failed'`), and an interruption too
 * @throws FailureError when the run cannot start: nothing has run then; and when a table or plot cannot be written: all
 * results are kept then
 */
export async function run(target: PipelineSource | PlannedPipeline, options: RunOptions = {}): Promise<RunResult> {
  const pipeline = await asPlanned(target, options);
  const { plan, project, pipelineFolder } = pipeline;
  const { slots = availableParallelism(), threads, keepGoing = false, cohorts = true, onEvent } = options;
  const { executor = executors.local.create, signal, killSignal, command = commandOf(plan) } = options;
  const scheduling = schedulerOptions(pipeline, options);
  await requireReports(pipeline);
  const summary = await runPlan(plan, {
    ...scheduling,
    executor,
    slots,
    ...(threads === undefined ? {} : { threads }),
    keepGoing,
    cohorts,
    sinks: onEvent ? [onEvent] : [],
    ...(signal ? { interrupt: signal } : {}),
    ...(killSignal ? { kill: killSignal } : {}),
    command,
    commit: () => commitOf(project.root),
  });
  const written = await writeReports(pipeline, summary, command);
  const files = reportFiles(plan, { pipelineFolder, root: project.root });
  await saveNothingToDo(pipeline, { summary, written, files });
  return { ...summary, written };
}

/** Writes the run's report.md, and the tables and plots of which every cell has a result into their files. */
async function writeReports(
  pipeline: PlannedPipeline,
  summary: RunSummary,
  command: string,
): Promise<readonly WrittenFile[]> {
  const { plan, project } = pipeline;
  const context = await reportContext(pipeline, { run: summary.run, command });
  const outcomes = reportOutcomes(plan, summary.entries);
  if (summary.folder !== null) {
    const ends = [...summary.states].map(([cell, end]) => ({ cell, end, seconds: secondsOf(summary, cell) }));
    await writeFile(join(summary.folder, 'report.md'), await reportMarkdown(plan, outcomes, context, ends));
  }
  const isComplete = ({ cells }: { readonly cells: readonly CellId[] }): boolean =>
    cells.every((cell) => outcomes.has(cell));
  const complete = { ...plan, tables: plan.tables.filter(isComplete), plots: plan.plots.filter(isComplete) };
  const tables = await renderTables(complete, outcomes, context);
  return writeReport({ tables, plots: await renderPlots(complete, outcomes, context) }, project.root);
}

function secondsOf(summary: RunSummary, cell: CellId): number {
  const entry = summary.states.get(cell) === 'finished' ? summary.entries.get(cell) : undefined;
  return entry?.manifest().seconds ?? 0;
}
