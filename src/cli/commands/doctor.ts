import { Command } from 'commander';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { exitCodes } from '../exit.ts';
import { examples, jsonOption } from '../options.ts';
import { columns, print, printJson } from '../terminal.ts';

const MARKS = { ok: '✓', note: '!', problem: '✗' } as const satisfies Record<Finding['level'], string>;

/** A line a finding; what it costs and how to mend it stand below. */
function findingsText(findings: readonly Finding[]): string {
  const lines = columns(findings.map(({ subject, level, text }) => [MARKS[level], subject, text])).split('\n');
  return findings
    .map(({ cost, fix }, at) =>
      [
        lines[at] ?? '',
        ...(cost === undefined ? [] : [`   costs: ${cost}`]),
        ...(fix === undefined ? [] : [`   fix: ${fix}`]),
      ].join('\n'),
    )
    .join('\n');
}

/**
 * `kdpipe doctor`: whether a run would work here, and what to do where it would not.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('doctor')
    .addOption(jsonOption())
    .addHelpText('after', examples('kdpipe doctor', 'kdpipe doctor --json'))
    .action(async (flags: { readonly json?: boolean }) => {
      // What trains is loaded only by this command.
      const { gatherFacts } = await import('../doctor/facts.ts');
      const findings = examine(await gatherFacts(process.cwd()));
      const works = findings.every(({ level }) => level !== 'problem');
      if (flags.json) printJson({ works, findings });
      else print(`${findingsText(findings)}\n${works ? 'a run works here' : 'a run does not work here: see ✗'}`);
      if (!works) process.exitCode = exitCodes.couldNotStart;
    });
}
