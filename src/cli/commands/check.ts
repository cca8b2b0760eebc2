import { Command } from 'commander';
import { FailureError, type Failure } from '../../core/failure.ts';
import { judgeReports, plan } from '../../project/plan.ts';
import { pluralize } from '../../util/text.ts';
import { examples, setOption } from '../options.ts';
import { printNotes } from '../notes.ts';
import { print } from '../terminal.ts';
import { typedPath } from '../workspace.ts';

/**
 * `kdpipe check`: every problem of pipeline files, in one go.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('check')
    .argument('<pipeline...>', 'pipeline files', (file: string, before?: readonly string[]) => [
      ...(before ?? []),
      typedPath(file),
    ])
    .addOption(setOption())
    .addHelpText('after', examples('kdpipe check pipelines/*.yaml'))
    .action(async (files: readonly string[], flags: { readonly set?: readonly string[] }) => {
      const failures: Failure[] = [];
      for (const file of files) for (const one of await checkFile(file, flags.set)) failures.push(one);
      if (failures.length) throw new FailureError(failures);
    });
}

/** All that is wrong with a file. What it stands for is said as far as it is known. */
async function checkFile(file: string, overrides: readonly string[] = []): Promise<readonly Failure[]> {
  try {
    const target = await plan(file, { overrides });
    const { faults, notes } = await judgeReports(target);
    const { cells } = target.plan;
    const stages = new Set(cells.map((cell) => cell.stage)).size;
    const size = `${pluralize(stages, 'stage')}, ${pluralize(cells.length, 'cell')}`;
    print(`${file}: ${faults.length > 0 ? `${size}; its tables or plots are wrong` : `ok, ${size}`}`);
    printNotes([...target.notes, ...notes]);
    return faults;
  } catch (error) {
    if (error instanceof FailureError) return error.failures;
    throw error;
  }
}
