import type { Failure } from '../../core/failure.ts';

/** What keeps jobs from ever starting by themselves, by Slurm's reason, and what to do about it. `JOB` is the id of the job. */
const known: readonly (readonly [reason: RegExp, what: string, fix: string])[] = [
  [/^JobHeldUser$/, 'it is held', 'scontrol release JOB lets it go, kdpipe cancel ends it'],
  [
    /^(?:launch failed requeued held|JobHoldMaxRequeue)$/i,
    'a node could not start it, and Slurm holds it',
    'see sinfo -R; scontrol release JOB lets it go, kdpipe cancel ends it',
  ],
  [/^JobHeldAdmin$/, 'an administrator holds it', 'ask who runs the cluster; kdpipe cancel ends it'],
  [
    /PerJob|PerNode|WallDuration|^PartitionTimeLimit$|^PartitionNodeLimit$|^BadConstraints$|^MaxMemPerLimit$/,
    'it asks for more than one job gets here',
    'ask for less: resources, slurm: { time: … }; kdpipe cancel, and run again',
  ],
  [
    /^Invalid(?:Account|QOS)$|^(?:Account|QOS)NotAllowed$/,
    'its account or QOS may not run here',
    'name another: slurm: { account: …, qos: …, partition: … }; kdpipe cancel, and run again',
  ],
  [
    /^Partition(?:Down|Inactive)$|^ReqNodeNotAvail|^Reserved for maintenance/,
    'its partition or the nodes that it asks for take no jobs now',
    'it starts when they do (sinfo -R says why); kdpipe cancel ends it',
  ],
  [
    /^(?:Assoc|QOS)(?:Grp|Max)/,
    'this account, or its QOS, has used up what it may use at once',
    'it starts when that allows it (sshare, sacctmgr show qos); kdpipe cancel ends it',
  ],
];

/**
 * Says what keeps a job waiting, where it is not the usual queue.
 *
 * @param job - id of the job
 * @param reason - as `squeue` prints it
 * @returns what it is, and what to do; undefined where it waits for its turn
 */
export function obstacleOf(job: string, reason: string): Required<Pick<Failure, 'message' | 'fix'>> | undefined {
  const [, what, fix] = known.find(([pattern]) => pattern.test(reason)) ?? [];
  if (what === undefined || fix === undefined) return undefined;
  return { message: `${what} (${reason})`, fix: fix.replaceAll('JOB', job) };
}
