import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileArgument, typedPath } from '../workspace.ts';
import { Command, Option } from 'commander';
import { fail } from '../../core/failure.ts';
import { htmlReport } from '../../dashboard/server/html-report.ts';
import { Runs } from '../../dashboard/server/runs.ts';
import { plan } from '../../project/plan.ts';
import { openProject } from '../../project/project.ts';
import { report } from '../../project/report.ts';
import { writeOwn } from '../../report/files/new-file.ts';
import { checkReport, writeReport, type Rendered } from '../../report/report.ts';
import { reportFormats, type RenderedTable, type ReportFormat } from '../../report/tables/render-tables.ts';
import { exitCodes } from '../exit.ts';
import { examples, positiveInteger, selectorOption, setOption } from '../options.ts';
import { findRun } from '../recent-run.ts';
import { print, printError } from '../terminal.ts';

interface ReportFlags {
  readonly check?: boolean;
  readonly format?: ReportFormat;
  readonly set?: readonly string[];
  readonly table?: readonly string[];
  readonly sort?: string;
  readonly top?: number;
  readonly output?: string;
}

/**
 * `kdpipe report`: renders tables and plots from what the store has; runs nothing.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('report')
    .addArgument(fileArgument('[pipeline]', 'pipeline file; with --format html also a run, by default the latest'))
    .option('--check', 'write nothing; exit 3 when a table or a plot differs from its file')
    .addOption(
      new Option(
        '--format <format>',
        'print the tables in this format instead of writing them; html: a page of the run',
      ).choices(Object.keys(reportFormats)),
    )
    .addOption(selectorOption('--table <name>', 'this table alone'))
    .option('--sort <column>', 'print rows by a metric, best first, or by a name of rows; -COLUMN: the other way round')
    .option('--top <n>', 'print the first rows alone', positiveInteger)
    .option('-o, --output <file>', 'where the page of --format html goes; by default it is printed', typedPath)
    .addOption(setOption())
    .addHelpText(
      'after',
      examples(
        'kdpipe report pipelines/study.yaml',
        'kdpipe report pipelines/study.yaml --format csv --table results',
        'kdpipe report pipelines/study.yaml --sort test.accuracy --top 5',
        'kdpipe report --check pipelines/study.yaml',
        'kdpipe report --format html study -o study.html',
      ),
    )
    .action(async (file: string | undefined, flags: ReportFlags, command: Command) => {
      const isPage = flags.format === 'html' && flags.table === undefined;
      const idle = idleOption(flags, isPage);
      if (idle !== undefined) command.error(`error: ${idle}`);
      else if (isPage) await writePage(file, flags.output);
      else if (file === undefined) command.error("error: missing required argument 'pipeline'");
      else process.exitCode = await printReport(file, flags);
    });
}

/** An option that would do nothing, and why. */
function idleOption(flags: ReportFlags, isPage: boolean): string | undefined {
  if (!isPage) return flags.output === undefined ? undefined : '--output is for the page of --format html alone';
  const [name] = (['check', 'set', 'sort', 'top'] as const).filter((one) => flags[one] !== undefined);
  return (
    name && `--${name} is for tables: the page of --format html shows a run as it was (--table prints tables in HTML)`
  );
}

/** Writes the page of a run, or of the latest run of a pipeline file. */
async function writePage(wanted: string | undefined, output: string | undefined): Promise<void> {
  if (output === undefined && process.stdout.isTTY)
    fail({
      code: 'page-on-terminal',
      message: 'the page is a file for a browser, not for a terminal',
      expected: 'a file that it goes into',
      fix: 'kdpipe report --format html -o report.html',
    });
  const { runsFolder, store } = openProject();
  // Of what was typed below the workspace only the last part can be the name of a run.
  const name = wanted !== undefined && existsSync(wanted) ? (await plan(wanted)).plan.name : wanted && basename(wanted);
  const { run } = findRun(runsFolder, name);
  const runs = new Runs(runsFolder, store);
  const { Thumbnails } = await import('../../ml/data/thumbnails.ts');
  const thumbnails = new Thumbnails();
  const text = await htmlReport(runs, runs.feed(run), (...image) => thumbnails.read(...image));
  thumbnails.close();
  if (output === undefined) {
    print(text.trimEnd());
    return;
  }
  writeOwn(resolve(output), output, text);
  printError(`page of run ${run} written to ${output}`);
}

async function printReport(file: string, flags: ReportFlags): Promise<number> {
  const { set: overrides = [], format, table: names, sort, top } = flags;
  // What is sorted or cut is for the eye: files hold whole tables.
  const isPrinted = format !== undefined || sort !== undefined || top !== undefined;
  const { root } = openProject();
  const { tables, plots } = await report(file, {
    overrides,
    ...(format && { format }),
    ...(names && { tables: names }),
    ...(sort !== undefined && { sort }),
    ...(top !== undefined && { top }),
  });
  if (flags.check) return check({ tables, plots }, root);
  const placed = tables.filter(({ table }) => !isPrinted && table.into !== undefined);
  printTables(tables.filter((table) => !placed.includes(table)));
  for (const { what, file: into, changed } of await writeReport({ tables: placed, plots }, root))
    printError(`${what} ${changed ? 'written to' : 'unchanged in'} ${into}`);
  return exitCodes.done;
}

/** Prints tables; several in JSON are one document, a list. */
function printTables(tables: readonly RenderedTable[]): void {
  const texts = tables.map(({ text }) => text.trimEnd());
  const isList = tables.length > 1 && tables.every(({ format }) => format === 'json');
  if (isList) print(`[\n${texts.join(',\n')}\n]`);
  else for (const text of texts) print(text);
}

async function check(rendered: Rendered, root: string): Promise<number> {
  const drifts = await checkReport(rendered, root);
  for (const { what, file, diff } of drifts) print([`${file}: ${what} differs from the results`, ...diff].join('\n'));
  if (!drifts.length) printError('every table and plot matches the results');
  return drifts.length ? exitCodes.drift : exitCodes.done;
}
