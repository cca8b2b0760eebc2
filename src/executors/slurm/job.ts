import { availableParallelism } from 'node:os';
import { runProgram } from '../../util/run-program.ts';

/** The job that this process is of. */
export interface OwnJob {
  /** Id as Slurm's programs take it; `-` for a script that somebody runs by hand. */
  readonly job: string;
  /** How often Slurm has started it anew. */
  readonly restarts: number;
  /** Cores that it was given. */
  readonly threads: number;
}

const whole = (text: string | undefined): number | undefined => (/^\d+$/.test(text ?? '') ? Number(text) : undefined);

/**
 * Finds out which job this process is of.
 *
 * @param environment - environment variables
 * @returns the job
 */
export function ownJob(environment: NodeJS.ProcessEnv): OwnJob {
  const { SLURM_JOB_ID, SLURM_RESTART_COUNT, SLURM_CPUS_PER_TASK } = environment;
  return {
    job: SLURM_JOB_ID ?? '-',
    restarts: whole(SLURM_RESTART_COUNT) ?? 0,
    threads: whole(SLURM_CPUS_PER_TASK) ?? availableParallelism(),
  };
}

/**
 * Puts a job that runs back into the queue: Slurm ends it, and starts it again under the same id.
 *
 * @param job - its id
 * @returns true where Slurm has taken it back
 */
export async function requeue(job: string): Promise<boolean> {
  return (await runProgram('scontrol', ['requeue', job], { patience: 60_000 })).status === 0;
}
