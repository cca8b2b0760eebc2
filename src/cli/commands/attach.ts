import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { isFailure } from '../../core/failure.ts';
import { followOnCluster, isOnCluster } from '../../project/cluster-run.ts';
import { openProject } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
import { followRun } from '../../record/follow-run.ts';
import { runSummary } from '../../ui/summary.ts';
import { shellWord } from '../../util/shell-word.ts';
import { isAlive } from '../../util/process-identity.ts';
import { exitCodes, exitOf } from '../exit.ts';
import { examples, jsonOption } from '../options.ts';
import { viewRun } from '../run-view.ts';
import { printError } from '../terminal.ts';

/** A run whose first event does not come within this has no process any more; milliseconds. */
const firstEventWithin = 10_000;

/**
 * `kdpipe attach`: shows a run that goes on elsewhere, as `kdpipe run` does, until it ends. Ctrl-C leaves it alone.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('attach')
    .argument('[run]', 'a pipeline’s name or a run; by default the latest run')
    .addOption(jsonOption())
    .addHelpText('after', examples('kdpipe run pipelines/study.yaml --detach', 'kdpipe attach', 'kdpipe attach study'))
    .action(async (wanted: string | undefined, flags: { readonly json?: boolean }) => {
      process.exitCode = await attach(wanted, flags.json ?? false);
    });
}

/** Follows a run on a cluster that no process follows; undefined for other runs. */
async function followUnfollowed(...[project, folder, options]: Parameters<typeof followOnCluster>) {
  if (!isOnCluster(folder)) return undefined;
  try {
    return (await followOnCluster(project, folder, options)) === 'left' ? 'left' : 'ended';
  } catch (error) {
    if (!isFailure(error, 'run-followed')) throw error;
    return undefined;
  }
}

async function attach(wanted: string | undefined, json: boolean): Promise<number> {
  const project = openProject();
  const { runsFolder } = project;
  const { folder, run } = recentRun(runsFolder, wanted);
  const view = await viewRun(json, runsFolder);
  const leave = new AbortController();
  const onSignal = () => leave.abort();
  process.on('SIGINT', onSignal);
  const start = performance.now();
  const lives = () => {
    const { process: runner } = view.state();
    // Of a process on another machine nobody knows: it is waited for.
    return runner ? isAlive(runner) !== false : performance.now() - start < firstEventWithin;
  };
  const { onEvent } = view;
  const end =
    (await followUnfollowed(project, folder, { onEvent, signal: leave.signal, command: 'kdpipe attach' })) ??
    (await followRun(folder, { onEvent, lives, signal: leave.signal }));
  view.close();
  process.off('SIGINT', onSignal);
  if (end === 'left') {
    printError(`run ${run} goes on; kdpipe attach shows it again`);
    return exitCodes.done;
  }
  const state = view.state();
  if (end === 'silent' || !state.ended) {
    printError(`run ${run} ended without a word: killed or lost power; the next run goes on from there`);
    return exitCodes.stageFailed;
  }
  for (const line of runSummary(state, { written: [], held: [], command: '' })) printError(line);
  if (isOnCluster(folder)) printError(`tables and plots: kdpipe report ${shellWord(state.file)}`);
  const output = join(folder, 'output.txt');
  if (existsSync(output)) printError(`what it printed: ${relative('.', output)}`);
  return exitOf[state.ended.status];
}
