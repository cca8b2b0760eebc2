import { basename, dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { CellId, Plan } from '../../core/plan.ts';
import { renderPlots } from '../../report/plots/render-plots.ts';
import { renderTables, reportFormats, type ReportFormat } from '../../report/tables/render-tables.ts';
import { checkReport, writeReport, type Rendered } from '../../report/report.ts';
import { latestRun } from '../../record/past-runs.ts';
import { previewPlan } from '../../scheduler/run-plan.ts';
import type { Entry } from '../../store/store.ts';
import { exitCodes } from '../exit.ts';
import { commitOf } from '../git.ts';
import { setOption } from '../options.ts';
import { reportOutcomes } from '../outcomes.ts';
import { loadPlan, openProject, type Project } from '../project.ts';
import { print, printError } from '../terminal.ts';

interface ReportFlags {
  readonly check?: boolean;
  readonly format?: ReportFormat;
  readonly set?: readonly string[];
}

/**
 * `kdpipe report`: renders tables and plots from what the store has; runs nothing.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('report')
    .argument('<pipeline>', 'pipeline file')
    .option('--check', 'write nothing; exit 3 when a table or a plot differs from its file')
    .addOption(
      new Option('--format <format>', 'print the tables instead of writing').choices(Object.keys(reportFormats)),
    )
    .addOption(setOption())
    .action(async (file: string, flags: ReportFlags) => {
      process.exitCode = await report(file, flags);
    });
}

async function report(file: string, flags: ReportFlags): Promise<number> {
  const project = openProject();
  const plan = loadPlan(file, flags.set);
  const { tables, plots } = await render(plan, project, dirname(resolve(file)), flags.format);
  if (flags.check) return check({ tables, plots }, project.root);
  const placed = tables.filter(({ table }) => flags.format === undefined && table.into !== undefined);
  for (const { text } of tables.filter((table) => !placed.includes(table))) print(text.trimEnd());
  for (const { what, file: into, changed } of await writeReport({ tables: placed, plots }, project.root))
    printError(`${what} ${changed ? 'written to' : 'unchanged in'} ${into}`);
  return exitCodes.done;
}

async function render(plan: Plan, project: Project, pipelineFolder: string, format?: ReportFormat): Promise<Rendered> {
  const { cells, resolutions } = await previewPlan(plan, project);
  const entries = new Map<CellId, Entry>();
  for (const [at, resolution] of resolutions.entries()) {
    const cell = cells[at];
    if (cell && resolution.status === 'reuse') entries.set(cell.id, resolution.entry);
  }
  const context = {
    run: basename(latestRun(project.runsFolder, plan.name) ?? 'none'),
    commit: await commitOf(project.root),
    command: `kdpipe run ${plan.file}`,
    pipelineFolder,
  };
  const outcomes = reportOutcomes(plan, entries);
  const tables = await renderTables(plan, outcomes, context, format);
  return { tables, plots: format === undefined ? await renderPlots(plan, outcomes, context) : [] };
}

async function check(rendered: Rendered, root: string): Promise<number> {
  const drifts = await checkReport(rendered, root);
  for (const { what, file, diff } of drifts) print([`${file}: ${what} differs from the results`, ...diff].join('\n'));
  if (!drifts.length) printError('every table and plot is what the results say');
  return drifts.length ? exitCodes.drift : exitCodes.done;
}
