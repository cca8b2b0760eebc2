import { runProgram } from '../../util/run-program.ts';

/** How long a program may take to answer; milliseconds. */
const patience = 10_000;

/** Slurm as its programs tell it. */
export interface SlurmFacts {
  /** What `sbatch --version` says: `slurm 22.05.8`. */
  readonly version: string;
  /** Its partitions, `name (state)`; null where the controller does not answer. */
  readonly partitions: readonly string[] | null;
  /** What was said instead. */
  readonly said: string;
}

/**
 * Asks for Slurm.
 *
 * @param sbatch - name of the program that submits
 * @param sinfo - name of the program that lists partitions
 * @returns what is known; null without its programs
 */
export async function slurmFacts(sbatch = 'sbatch', sinfo = 'sinfo'): Promise<SlurmFacts | null> {
  const version = await runProgram(sbatch, ['--version'], { patience });
  if (!version.found || version.status !== 0) return null;
  const answer = await runProgram(sinfo, ['--noheader', '--format=%R (%a)'], { patience });
  const lines = answer.output.split('\n').flatMap((line) => line.trim() || []);
  return { version: version.output.trim(), partitions: answer.status === 0 ? lines : null, said: answer.said };
}

/**
 * Asks for git.
 *
 * @param git - name of the program
 * @returns its version; null where it is not there
 */
export async function gitVersion(git = 'git'): Promise<string | null> {
  const { status, output } = await runProgram(git, ['--version'], { patience });
  return status === 0 ? output.trim() : null;
}
