import type { Failure } from '../../core/failure.ts';
import type { TaskSight } from '../../executors/cluster.ts';
import { complaintIn } from '../../executors/start-lines.ts';
import { unfitNode } from '../../executors/unfit-node.ts';

/** Slurm's reason to end what waits for a task that has no result. */
export const neverSatisfied = 'DependencyNeverSatisfied';

/** What to try, by the word of the queue. */
const advice: Readonly<Record<string, string>> = {
  OUT_OF_MEMORY: 'ask for more: resources: { memory: … } in MiB, or take a smaller batch_size',
  TIMEOUT: 'ask for more time: slurm: { time: … }; a stage that saves checkpoints goes on from the last one',
  DEADLINE: 'ask for more time: slurm: { time: … }; a stage that saves checkpoints goes on from the last one',
  NODE_FAIL: 'run again: what has a result is reused',
  BOOT_FAIL: 'run again: what has a result is reused',
  PREEMPTED: 'run again: a stage that saves checkpoints goes on from the last one',
};

/**
 * The first word of a state: behind it may stand more, as in `CANCELLED by 0`.
 *
 * @param sight - how the queue saw a task
 * @returns the word; empty where the queue does not know the task
 */
export const wordOf = (sight: TaskSight | undefined): string => sight?.word.split(/[ +]/)[0] ?? '';

const launchAdvice =
  'its node could not begin the script: nodes have to see runs/, which has to lie on a disk that they share, and to know this user';

/** Slurm's reason where a node could not even begin the script. */
const notLaunched = 'JobLaunchFailure';

/**
 * Says how a task ended that left no word.
 *
 * @param task - as the queue calls it: `12_3`
 * @param sight - how the queue saw it last; undefined where it does not know it any more
 * @param tail - the end of what its script printed
 * @returns the failure of its cells
 */
export function lostTask(task: string, sight: TaskSight | undefined, tail: readonly string[] = []): Failure {
  const lacking = complaintIn(tail.join('\n'));
  if (lacking) return unfitNode(lacking);
  if (!sight)
    return {
      code: 'job-lost',
      message: `job ${task} is not in the queue any more, and left no word of how it ended`,
      fix: 'run again: what has a result is reused',
    };
  const word = wordOf(sight);
  const why = sight.reason === '' ? '' : ` (${sight.reason})`;
  const fix =
    sight.reason === notLaunched
      ? launchAdvice
      : (advice[word] ?? 'see what its script printed, beside its script in runs/, and sacct or scontrol show job');
  return { code: 'job-lost', message: `job ${task} ended as ${word}${why}, and left no word of it`, fix };
}
