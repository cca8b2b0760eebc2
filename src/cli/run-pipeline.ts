import { basename, dirname, resolve } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { FailureError } from '../core/failure.ts';
import type { CellId, Plan } from '../core/plan.ts';
import { unwrap } from '../core/result.ts';
import { executors, type ExecutorName } from '../executors/registry.ts';
import { findCells, selectCells, type Selection } from '../cells/select.ts';
import type { WrittenFile } from '../report/tables/table-files.ts';
import { renderPlots } from '../report/plots/render-plots.ts';
import { reportMarkdown } from '../report/report-markdown.ts';
import { renderTables, type ReportContext } from '../report/tables/render-tables.ts';
import { reportFiles, reportProblems, writeReport } from '../report/report.ts';
import { latestRun } from '../record/past-runs.ts';
import { runPlan, type RunSummary } from '../scheduler/run-plan.ts';
import { initialRun, runState } from '../core/run-state.ts';
import { reporterFor, reporters } from '../ui/registry.ts';
import { runSummary, shellWord } from '../ui/summary.ts';
import { exitCodes } from './exit.ts';
import { commitOf } from './git.ts';
import { keepNothingToDo } from './nothing-to-do.ts';
import { reportOutcomes } from './outcomes.ts';
import { printPreview } from './preview.ts';
import { openProject, readPlan, type PlannedFile, type Project } from './project.ts';
import { interruptions } from './signals.ts';
import { threadsOption } from './threads.ts';
import { printError } from './terminal.ts';

/** Flags of `kdpipe run`. */
export interface RunFlags extends Selection {
  readonly dryRun?: boolean;
  readonly jobs: number;
  readonly executor: ExecutorName;
  readonly keepGoing?: boolean;
  /** False for `--no-cohorts`. */
  readonly cohorts: boolean;
  readonly set?: readonly string[];
  readonly force?: readonly string[];
  readonly json?: boolean;
}

/**
 * Plans a pipeline file and runs what is not in the store.
 *
 * @param file - path as the user typed it
 * @param flags - of the command line
 * @returns the exit code
 * @throws FailureError when the run cannot start
 */
export async function runPipeline(file: string, flags: RunFlags): Promise<number> {
  const planned = readPlan(file, flags.set);
  const { plan } = planned;
  const selects = flags.only ?? flags.from ?? flags.to;
  const options = {
    ...openProject(),
    ...(selects ? { selection: unwrap(selectCells(plan.cells, flags)) } : {}),
    ...(flags.force ? { force: unwrap(findCells(plan.cells, flags.force)) } : {}),
  };
  if (flags.dryRun) {
    await printPreview(plan, options, flags.json ?? false);
    return exitCodes.done;
  }
  const pipelineFolder = dirname(resolve(file));
  const problems = await reportProblems(plan, { pipelineFolder, root: options.root });
  if (problems.length) throw new FailureError(problems);
  return execute(planned, options, flags, pipelineFolder);
}

async function execute(
  planned: PlannedFile,
  options: Project,
  flags: RunFlags,
  pipelineFolder: string,
): Promise<number> {
  const { plan } = planned;
  const typed = ['kdpipe', ...process.argv.slice(2).map(shellWord)].join(' ');
  const color = process.stderr.isTTY && !process.env['NO_COLOR'];
  const name = flags.json ? 'ndjson' : reporterFor(process.stderr.isTTY, process.env);
  const reporter = await reporters[name].create({ out: process.stdout, err: process.stderr, color, now: Date.now });
  let state = initialRun;
  const signals = interruptions();
  let summary: RunSummary;
  try {
    summary = await runPlan(plan, {
      ...options,
      executor: executors[flags.executor].create,
      slots: flags.jobs,
      ...threadsOption(),
      keepGoing: flags.keepGoing ?? false,
      cohorts: flags.cohorts,
      sinks: [(event) => (state = runState(state, event)), (event) => reporter.event(event)],
      interrupt: signals.interrupt,
      kill: signals.kill,
      command: typed,
      commit: () => commitOf(options.root),
    });
  } finally {
    reporter.close();
    signals.release();
  }
  const placed = await report(plan, summary, { pipelineFolder, project: options, command: typed });
  for (const line of runSummary(state, placed)) printError(line);
  const files = reportFiles(plan, { pipelineFolder, root: options.root });
  await keepNothingToDo({ planned, summary, placed, files }, options.store);
  return summary.status === 'done'
    ? exitCodes.done
    : summary.status === 'failed'
      ? exitCodes.stageFailed
      : exitCodes.interrupted;
}

interface ReportOptions {
  readonly pipelineFolder: string;
  readonly project: Project;
  readonly command: string;
}

/** Writes the run's report.md, and the tables and plots of which every cell has a result into their files. */
async function report(plan: Plan, summary: RunSummary, options: ReportOptions): Promise<readonly WrittenFile[]> {
  const { pipelineFolder, project, command: typed } = options;
  const run = summary.run ?? basename(latestRun(project.runsFolder, plan.name) ?? 'none');
  const commit = plan.tables.length + plan.plots.length > 0 ? await commitOf(project.root) : null;
  const context: ReportContext = { run, commit, command: typed, pipelineFolder };
  const outcomes = reportOutcomes(plan, summary.entries);
  if (summary.folder) {
    const ends = [...summary.states].map(([cell, end]) => ({ cell, end, seconds: secondsOf(summary, cell) }));
    await writeFile(resolve(summary.folder, 'report.md'), await reportMarkdown(plan, outcomes, context, ends));
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
