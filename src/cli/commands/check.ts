import { resolve } from 'node:path';
import { Command } from 'commander';
import { FailureError, type Failure } from '../../core/failure.ts';
import { judgeReports, plan } from '../../project/plan.ts';
import { describePlugin, isPluginFile } from '../../project/plugins.ts';
import { pluralize } from '../../util/text.ts';
import { examples, setOption } from '../options.ts';
import { printNotes } from '../notes.ts';
import { print } from '../terminal.ts';
import { typedPath } from '../workspace.ts';

/**
 * `kdpipe check`: every problem of pipeline files and plugins, in one go.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('check')
    .argument(
      '<file...>',
      'pipeline files, and plugins: .ts, .js or .mjs',
      (file: string, before?: readonly string[]) => [...(before ?? []), typedPath(file)],
    )
    .addOption(setOption())
    .addHelpText('after', examples('kdpipe check pipelines/*.yaml', 'kdpipe check my-method.ts'))
    .action(async (files: readonly string[], flags: { readonly set?: readonly string[] }) => {
      const failures: Failure[] = [];
      for (const file of files) {
        const found = isPluginFile(file) ? await checkPlugin(file) : await checkFile(file, flags.set);
        for (const one of found) failures.push(one);
      }
      if (failures.length) throw new FailureError(failures);
    });
}

/** What is wrong with a plugin: all that it adds is tried. */
async function checkPlugin(file: string): Promise<readonly Failure[]> {
  try {
    const { tried } = await describePlugin(resolve(file), { shown: file, checked: true });
    print([`${file}: ok`, ...tried].join('\n  '));
    return [];
  } catch (error) {
    if (error instanceof FailureError) return error.failures;
    throw error;
  }
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
