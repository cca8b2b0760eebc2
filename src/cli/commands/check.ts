import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { FailureError, type Failure } from '../../core/failure.ts';
import { reportProblems } from '../../report/report.ts';
import { pluralize } from '../../util/text.ts';
import { setOption } from '../options.ts';
import { loadPlan } from '../project.ts';
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
      for (const file of files) failures.push(...(await problemsOf(file, flags.set)));
      if (failures.length) throw new FailureError(failures);
    });
}

async function problemsOf(file: string, overrides: readonly string[] | undefined): Promise<readonly Failure[]> {
  try {
    const plan = loadPlan(file, overrides);
    const failures = await reportProblems(plan, { pipelineFolder: dirname(resolve(file)), root: process.cwd() });
    const stages = new Set(plan.cells.map((cell) => cell.stage)).size;
    if (!failures.length) print(`${file}: ok, ${pluralize(stages, 'stage')}, ${pluralize(plan.cells.length, 'cell')}`);
    return failures;
  } catch (error) {
    if (error instanceof FailureError) return error.failures;
    throw error;
  }
}
