import { Command } from 'commander';
import { FailureError, type Failure } from '../../core/failure.ts';
import { check } from '../../project/plan.ts';
import { pluralize } from '../../util/text.ts';
import { setOption } from '../options.ts';
import { print } from '../terminal.ts';

/**
 * `kdpipe check`: every problem of pipeline files, in one go.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('check')
    .argument('<pipeline...>', 'pipeline files')
    .addOption(setOption())
    .action(async (files: readonly string[], flags: { readonly set?: readonly string[] }) => {
      const failures: Failure[] = [];
      for (const file of files) failures.push(...(await checkFile(file, flags.set)));
      if (failures.length) throw new FailureError(failures);
    });
}

async function checkFile(file: string, overrides: readonly string[] = []): Promise<readonly Failure[]> {
  const checked = await check(file, { overrides });
  if (!checked.ok) return checked.failures;
  const { cells } = checked.value.plan;
  const stages = new Set(cells.map((cell) => cell.stage)).size;
  print(`${file}: ok, ${pluralize(stages, 'stage')}, ${pluralize(cells.length, 'cell')}`);
  return [];
}
