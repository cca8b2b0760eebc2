import { fileArgument } from '../workspace.ts';
import { Command } from 'commander';
import { examples, jsonOption, setOption } from '../options.ts';
import { plan } from '../../project/plan.ts';
import { printPreview } from '../preview.ts';

/**
 * `kdpipe plan`: what `kdpipe run -n` prints.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('plan')
    .addArgument(fileArgument())
    .addOption(setOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('kdpipe plan pipelines/study.yaml', 'kdpipe plan pipelines/study.yaml -S seeds=1 --json'),
    )
    .action(async (file: string, flags: { readonly set?: readonly string[]; readonly json?: boolean }) => {
      await printPreview(await plan(file, { overrides: flags.set ?? [] }), {}, flags.json ?? false);
    });
}
