import { fileArgument } from '../workspace.ts';
import { Command, Option } from 'commander';
import { openProject } from '../../project/project.ts';
import { report } from '../../project/report.ts';
import { checkReport, writeReport, type Rendered } from '../../report/report.ts';
import { reportFormats, type ReportFormat } from '../../report/tables/render-tables.ts';
import { exitCodes } from '../exit.ts';
import { examples, setOption } from '../options.ts';
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
    .addArgument(fileArgument())
    .option('--check', 'write nothing; exit 3 when a table or a plot differs from its file')
    .addOption(
      new Option('--format <format>', 'print the tables in this format instead of writing them').choices(
        Object.keys(reportFormats),
      ),
    )
    .addOption(setOption())
    .addHelpText(
      'after',
      examples(
        'kdpipe report pipelines/study.yaml',
        'kdpipe report pipelines/study.yaml --format csv',
        'kdpipe report --check pipelines/study.yaml',
      ),
    )
    .action(async (file: string, flags: ReportFlags) => {
      process.exitCode = await printReport(file, flags);
    });
}

async function printReport(file: string, flags: ReportFlags): Promise<number> {
  const { set: overrides = [], format } = flags;
  const { root } = openProject();
  const { tables, plots } = await report(file, { overrides, ...(format ? { format } : {}) });
  if (flags.check) return check({ tables, plots }, root);
  const placed = tables.filter(({ table }) => format === undefined && table.into !== undefined);
  for (const { text } of tables.filter((table) => !placed.includes(table))) print(text.trimEnd());
  for (const { what, file: into, changed } of await writeReport({ tables: placed, plots }, root))
    printError(`${what} ${changed ? 'written to' : 'unchanged in'} ${into}`);
  return exitCodes.done;
}

async function check(rendered: Rendered, root: string): Promise<number> {
  const drifts = await checkReport(rendered, root);
  for (const { what, file, diff } of drifts) print([`${file}: ${what} differs from the results`, ...diff].join('\n'));
  if (!drifts.length) printError('every table and plot matches the results');
  return drifts.length ? exitCodes.drift : exitCodes.done;
}
