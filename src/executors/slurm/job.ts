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
  /** Memory that it was given, in MiB; 0 where that is not known. */
  readonly memory: number;
}

/** The first whole number of a text, above 0: `4(x2),3` is 4. */
const whole = (text: string | undefined): number | undefined => {
  const value = Number(/^\d+/.exec(text ?? '')?.[0] ?? 0);
  return value > 0 ? value : undefined;
};

/**
 * Finds out which job this process is of.
 *
 * @param environment - environment variables
 * @returns the job, with what this task of it was given
 */
export function ownJob(environment: NodeJS.ProcessEnv): OwnJob {
  const { SLURM_JOB_ID: job = '-', SLURM_RESTART_COUNT: restarts, SLURM_CPUS_ON_NODE } = environment;
  const beside = whole(environment['SLURM_STEP_TASKS_PER_NODE']) ?? 1;
  const part = (all: number | undefined): number | undefined =>
    all === undefined ? undefined : Math.max(1, Math.floor(all / beside));
  const threads =
    whole(environment['SLURM_CPUS_PER_TASK']) ?? part(whole(SLURM_CPUS_ON_NODE)) ?? availableParallelism();
  const perCpu = whole(environment['SLURM_MEM_PER_CPU']);
  const memory = perCpu === undefined ? part(whole(environment['SLURM_MEM_PER_NODE'])) : perCpu * threads;
  return { job, restarts: whole(restarts) ?? 0, threads, memory: memory ?? 0 };
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
