import type { Failure } from '../../core/failure.ts';
import { lastWords, type ProgramEnd } from '../../util/run-program.ts';

/** What Slurm's programs say when the controller does not answer: whatever was asked for may have happened all the same. */
const silence =
  /unable to contact slurm controller|socket timed out|connection (?:refused|reset|timed out)|communication connection failure|zero bytes were transmitted|slurm(?:_persist)?_.*timed? ?out|slurm controller.*(?:busy|not responding)|slurm backup controller in standby|failed to contact/i;

/** What no node can satisfy. */
const noNode =
  /node configuration is not available|invalid generic resource|memory specification can not be satisfied/i;

/**
 * Tells a request that no node can satisfy from other refusals.
 *
 * @param said - by Slurm
 * @returns true where it is about nodes
 */
export const isOfNodes = (said: string): boolean => noNode.test(said);

/** What each refusal is about, and what mends it. */
const known: readonly (readonly [pattern: RegExp, expected: string, fix: string])[] = [
  [
    /invalid partition/i,
    'a partition that sinfo lists, for which this user may submit',
    'name one: slurm: { partition: … }',
  ],
  [/invalid account/i, 'an account that sacctmgr show associations user=$USER lists', 'slurm: { account: … }'],
  [/invalid qos/i, 'a QOS that sacctmgr show associations user=$USER lists', 'slurm: { qos: … }'],
  [
    noNode,
    'what a node of the partition has: scontrol show nodes',
    'ask for less in resources, or name another partition: slurm: { partition: … }',
  ],
  [
    /time limit/i,
    'a time within the limit of the partition: scontrol show partition',
    'lower slurm.time; a stage that saves checkpoints goes on after it, from the last one',
  ],
];

/**
 * Tells a controller that did not answer from one that refused.
 *
 * @param end - how a program of Slurm ended
 * @returns true where it is not known what became of the request
 */
export const isSilence = ({ status, said }: Pick<ProgramEnd, 'status' | 'said'>): boolean =>
  status === null || (status !== 0 && silence.test(said));

/** Without the noise of Slurm's programs around it. */
const plainly = (said: string): string =>
  lastWords(said, 3)
    .split('\n')
    .map((line) => line.replace(/^\w+: (?:error: )?/, '').trim())
    .filter((line) => line !== '')
    .join('; ');

/**
 * Says why Slurm refuses a job.
 *
 * @param what - what was asked for
 * @param said - by Slurm
 * @returns the failure
 */
export function refusalOf(what: string, said: string): Failure {
  const [, expected, fix] = known.find(([pattern]) => pattern.test(said)) ?? [];
  return {
    code: 'slurm-refused',
    message: `Slurm refuses ${what}: ${plainly(said) || 'without a word'}`,
    ...(expected !== undefined && { expected }),
    ...(fix !== undefined && { fix }),
  };
}

/**
 * Says that the controller does not answer.
 *
 * @param said - by Slurm's program
 * @returns the failure
 */
export const silenceFailure = (said: string): Failure => ({
  code: 'slurm-silent',
  message: `the controller of Slurm does not answer: ${plainly(said) || 'the program was stopped after a minute'}`,
  expected: 'an answer to scontrol ping',
  fix: 'try again when it answers: what was submitted is found by its name, and nothing is submitted twice',
});

/** Slurm's programs are not there. */
export const noSlurm: Failure = {
  code: 'no-slurm',
  message: 'sbatch is not found: this machine submits to no Slurm cluster',
  expected: 'the programs of Slurm in PATH',
  fix: 'run this on a login node of the cluster (module load slurm?), or without --executor slurm',
};
