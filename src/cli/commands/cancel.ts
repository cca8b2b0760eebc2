import { Command } from 'commander';
import { replayRun } from '../../record/past-runs.ts';
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
  const { folder, run, events } = recentRun(project.runsFolder, wanted);
  const { ended, process: runner } = replayRun({ events });
  if (ended) {
    printError(`run ${run} has ended: ${ended.status}`);
    return exitCodes.done;
  }
  if (!isOnCluster(folder)) return interruptHere(run, runner);
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

function interruptHere(run: string, runner: ReturnType<typeof replayRun>['process']): number {
  const lives = runner && isAlive(runner);
  if (runner && lives) {
    process.kill(runner.pid, 'SIGINT');
    printError(`run ${run}: process ${runner.pid} is asked to end; its stages save what they have`);
    return exitCodes.done;
  }
  printError(
    runner && lives === undefined
      ? `run ${run} is of process ${runner.pid} on ${runner.host}: call kdpipe cancel there`
      : `run ${run} has no process any more: there is nothing to cancel`,
  );
  return runner && lives === undefined ? exitCodes.couldNotStart : exitCodes.done;
}
