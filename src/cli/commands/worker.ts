import { Command } from 'commander';
import { ownJob } from '../../executors/slurm/job.ts';
import { openProject } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
import { workOnRun, type WorkEnd } from '../../project/work-on-run.ts';
import { pluralize } from '../../util/text.ts';
import { exitCodes } from '../exit.ts';
import { examples } from '../options.ts';
import { printError } from '../terminal.ts';

/**
 * `kdpipe worker`: runs tasks of a run that was submitted to a cluster, one after the other, in an allocation that one has.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('worker')
    .argument('[run]', 'a pipeline’s name or a run; by default the latest run')
    .addHelpText(
      'after',
      examples('kdpipe run p.yaml --executor slurm --detach', 'srun --ntasks=8 --cpus-per-task=2 kdpipe worker'),
    )
    .action(async (wanted: string | undefined) => {
      process.exitCode = await worker(wanted);
    });
}

async function worker(wanted: string | undefined): Promise<number> {
  const { folder, run } = recentRun(openProject().runsFolder, wanted);
  const stop = new AbortController();
  // Sent some time before the time of a job is over, or when it is ended.
  for (const signal of ['SIGUSR1', 'SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const { job, threads, memory } = ownJob(process.env);
  const end = await workOnRun(folder, {
    ...{ job, threads, memory, signal: stop.signal },
    onTask: (cells, how) => printError(`${cells.join(', ')} ${how}`),
  });
  printError(`run ${run}: ${summary(end, stop.signal.aborted)}`);
  return end.failed > 0 ? exitCodes.stageFailed : exitCodes.done;
}

function summary({ done, failed, left, tooLarge }: WorkEnd, isStopped: boolean): string {
  const ran = [`${pluralize(done, 'task')} done`, ...(failed > 0 ? [`${failed} failed`] : [])];
  const asks = tooLarge > 0 ? `, ${tooLarge} of which ask for more than there is here` : '';
  const rest = left === 0 ? 'nothing is left' : `${left} left${asks}`;
  return [...ran, ...(isStopped ? ['stopped'] : []), rest].join(', ');
}
