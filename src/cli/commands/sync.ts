import { Command, Option } from 'commander';
import { fail } from '../../core/failure.ts';
import type { SinkPlan } from '../../core/plan.ts';
import { openProject } from '../../project/project.ts';
import { RunSync } from '../../project/sync.ts';
import { followRun } from '../../record/follow-run.ts';
import { replayRun } from '../../record/past-runs.ts';
import { sinks, type SinkName } from '../../sinks/registry.ts';
import type { Sink } from '../../sinks/sink.ts';
import { isAlive } from '../../util/process-identity.ts';
import { nameAdvice } from '../../util/text.ts';
import { exitCodes } from '../exit.ts';
import { printFailures } from '../notes.ts';
import { examples } from '../options.ts';
import { findRun } from '../recent-run.ts';
import { print } from '../terminal.ts';

interface Flags {
  readonly to?: readonly SinkName[];
  readonly with?: readonly string[];
  readonly follow?: boolean;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/**
 * `kdpipe sync`: tells tools that compare experiments of the results of a run.
 *
 * @returns the commander command
 */
export function command(): Command {
  const about = Object.entries<Sink>(sinks).map(([name, { summary }]) => `${name}: ${summary}`);
  return new Command('sync')
    .argument('[run]', 'a pipeline’s name or a run; by default the latest run')
    .addOption(
      new Option('--to <tools...>', `who is told, by default the sinks of the pipeline; ${about.join('; ')}`).choices(
        Object.keys(sinks),
      ),
    )
    .addOption(new Option('--with <name=value>', 'a setting of theirs, as often as wanted').argParser(collect))
    .option('-f, --follow', 'go on until the run ends')
    .addHelpText(
      'after',
      examples(
        'kdpipe sync --to tensorboard',
        'kdpipe sync study --to mlflow --with tracking_uri=http://localhost:5000',
        'kdpipe sync study --to wandb --with project=distillation',
      ),
    )
    .action(async (wanted: string | undefined, flags: Flags) => {
      process.exitCode = await sync(wanted, flags);
    });
}

/** What is told to whom: the tools that are named, with the settings of the pipeline and above them those of the command line. */
function wantedSinks({ to, with: settings = [] }: Flags, planned: readonly SinkPlan[]): readonly SinkPlan[] {
  const chosen = to?.map((uses) => planned.find((sink) => sink.uses === uses) ?? { uses, with: {} }) ?? planned;
  if (chosen.length === 0)
    fail({
      code: 'no-sink',
      message: 'the pipeline of this run has no sinks',
      expected: `--to ${Object.keys(sinks).join(', ')}`,
      fix: 'add --to, or sinks: to the pipeline',
    });
  const known = new Set(chosen.flatMap(({ uses }) => Object.keys(sinks[uses as SinkName].settings)));
  const given = settings.map((text): readonly [string, string] => {
    const [, name = text, value = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (known.has(name) && value !== '') return [name, value];
    const advice = nameAdvice(name, known);
    return fail({
      code: 'unknown-setting',
      message: `--with ${text} is no setting of ${chosen.map(({ uses }) => uses).join(', ')}`,
      expected: `name=value, of ${[...known].join(', ')}`,
      ...(advice !== undefined && { fix: advice }),
    });
  });
  return chosen.map((sink) => {
    const own = given.filter(([name]) => Object.hasOwn(sinks[sink.uses as SinkName].settings, name));
    return { ...sink, with: { ...sink.with, ...Object.fromEntries(own) } };
  });
}

async function sync(wanted: string | undefined, flags: Flags): Promise<number> {
  const project = openProject();
  const past = findRun(project.runsFolder, wanted);
  const telling = await RunSync.open(project, past.plan, wantedSinks(flags, past.plan.sinks ?? []));
  if (flags.follow) {
    const { process: runner } = replayRun(past);
    const leave = new AbortController();
    process.once('SIGINT', () => leave.abort());
    const lives = (): boolean => runner !== undefined && isAlive(runner) !== false;
    await followRun(past.folder, { onEvent: telling.take, lives, signal: leave.signal });
  } else past.events.forEach(telling.take);
  const synced = await telling.close();
  for (const { name, target, cells } of synced) print(`${name}: ${cells} results in ${target}`);
  const failures = [...telling.failures, ...synced.flatMap(({ failure }) => failure ?? [])];
  if (failures.length > 0) printFailures(failures);
  return failures.length > 0 ? exitCodes.stageFailed : exitCodes.done;
}
