import { Command } from 'commander';
import { replayRun, type PastRun } from '../../record/past-runs.ts';
import { cancelQueued } from '../../project/cancel-queued.ts';
import { cancelOnCluster, followOnCluster, isOnCluster } from '../../project/cluster-run.ts';
import { openProject } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
import { isFailure } from '../../core/failure.ts';
import { isAlive } from '../../util/process-identity.ts';
import { pluralize } from '../../util/text.ts';
import { exitCodes } from '../exit.ts';
import { examples } from '../options.ts';
import { printError } from '../terminal.ts';

/**
 * `kdpipe cancel`: ends a run that goes on elsewhere. Stages save what they have.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('cancel')
    .argument('[run]', 'a pipeline’s name or a run; by default the latest run')
    .addHelpText('after', examples('kdpipe cancel', 'kdpipe cancel study'))
    .action(async (wanted: string | undefined) => {
      process.exitCode = await cancel(wanted);
    });
}

async function cancel(wanted: string | undefined): Promise<number> {
  const project = openProject();
  const past = recentRun(project.runsFolder, wanted);
  const { folder, run } = past;
  const { ended, process: runner } = replayRun(past);
  if (ended) {
    printError(`run ${run} has ended: ${ended.status}`);
    return exitCodes.done;
  }
  if (!isOnCluster(folder)) return interruptHere(past, runner);
  const jobs = await cancelOnCluster(folder);
  printError(`run ${run}: ${pluralize(jobs, 'job array')} cancelled`);
  const options = { onEvent: () => undefined, signal: new AbortController().signal, command: 'kdpipe cancel' };
  try {
    await followOnCluster(project, folder, options);
  } catch (error) {
    // Whoever follows it says that it has ended.
    if (!isFailure(error, 'run-followed')) throw error;
  }
  return exitCodes.done;
}

async function interruptHere(past: PastRun, runner: ReturnType<typeof replayRun>['process']): Promise<number> {
  const { run } = past;
  const lives = runner && isAlive(runner);
  if (runner && lives) {
    process.kill(runner.pid, 'SIGINT');
    printError(`run ${run}: process ${runner.pid} is asked to end; its stages save what they have`);
    return exitCodes.done;
  }
  if (runner && lives === undefined) {
    printError(`run ${run} is of process ${runner.pid} on ${runner.host}: call kdpipe cancel there`);
    return exitCodes.couldNotStart;
  }
  const { cancelled, problems } = await cancelQueued(past);
  for (const problem of problems) printError(problem);
  const what = cancelled > 0 ? `${pluralize(cancelled, 'job')} cancelled` : 'there is nothing to cancel';
  if (problems.length === 0) printError(`run ${run} has no process any more: ${what}`);
  return problems.length === 0 ? exitCodes.done : exitCodes.couldNotStart;
}
