import { Command } from 'commander';
import type { Failure } from '../../core/failure.ts';
import { verify } from '../../store/verify.ts';
import { failureText } from '../../ui/failure-text.ts';
import { pluralize } from '../../util/text.ts';
import { exitCodes } from '../exit.ts';
import { openProject } from '../../project/project.ts';
import { examples } from '../options.ts';
import { print } from '../terminal.ts';

/**
 * `kdpipe verify`: reads every result in full and compares it with its manifest; exits 1 on a difference.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('verify').addHelpText('after', examples('kdpipe verify')).action(async () => {
    const { store } = openProject();
    const failures: Failure[] = [];
    for await (const problem of verify(store)) failures.push(problem);
    print(
      failures.length
        ? failureText(failures, { color: false })
        : `${pluralize(store.keys().length, 'result')} verified`,
    );
    if (failures.length) process.exitCode = exitCodes.stageFailed;
  });
}
