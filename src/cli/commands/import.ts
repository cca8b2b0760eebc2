import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { fail, FailureError } from '../../core/failure.ts';
import { importMdistiller } from '../../pipeline/import/mdistiller.ts';
import { writeWhole } from '../../util/write-whole.ts';
import { requireNew } from '../new-file.ts';
import { examples } from '../options.ts';
import { print } from '../terminal.ts';
import { fileArgument } from '../workspace.ts';

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return fail({
      code: 'unreadable-configuration',
      message: `${file} cannot be read: ${(error as Error).message}`,
      expected: 'a configuration in YAML',
    });
  }
}

function mdistiller(): Command {
  return new Command('mdistiller')
    .description('a configuration of mdistiller (configs/cifar100/*.yaml)')
    .addArgument(fileArgument('<configuration>', 'the file to read'))
    .addArgument(fileArgument('[pipeline]', 'the file to write').default('pipelines/imported.yaml'))
    .option('--force', 'overwrite the file')
    .action((configuration: string, file: string, flags: { readonly force?: boolean }) => {
      const imported = importMdistiller({ file: configuration, text: textOf(configuration) });
      if (!imported.ok) throw new FailureError(imported.failures);
      requireNew(file, flags.force);
      writeWhole(file, imported.value.text);
      print(`${file} is written. kdpipe run -n ${file} says what it would run`);
      for (const remark of imported.value.remarks) print(`note: ${remark}`);
    });
}

/**
 * `kdpipe import`: configurations of other programs as pipelines.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('import')
    .addCommand(mdistiller())
    .addHelpText(
      'after',
      examples('kdpipe import mdistiller configs/cifar100/dkd/res32x4_res8x4.yaml pipelines/dkd.yaml'),
    );
}
