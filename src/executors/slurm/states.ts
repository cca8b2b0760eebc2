import type { TaskSight } from '../cluster.ts';

/**
 * Every state of Slurm's jobs, and what it means here. A task has a result only where it has left a record: no state says so.
 * What Slurm starts again by itself waits or runs.
 */
const states = {
  PENDING: 'queued',
  CONFIGURING: 'queued',
  REQUEUED: 'queued',
  REQUEUE_FED: 'queued',
  REQUEUE_HOLD: 'queued',
  RESV_DEL_HOLD: 'queued',
  SPECIAL_EXIT: 'queued',
  POWER_UP_NODE: 'queued',
  RUNNING: 'running',
  COMPLETING: 'running',
  RESIZING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'running',
  STOPPED: 'running',
  SUSPENDED: 'running',
  BOOT_FAIL: 'ended',
  CANCELLED: 'ended',
  COMPLETED: 'ended',
  DEADLINE: 'ended',
  FAILED: 'ended',
  LAUNCH_FAILED: 'ended',
  NODE_FAIL: 'ended',
  OUT_OF_MEMORY: 'ended',
  PREEMPTED: 'ended',
  RECONFIG_FAIL: 'ended',
  REVOKED: 'ended',
  TIMEOUT: 'ended',
} as const satisfies Record<string, TaskSight['state']>;

/**
 * What a state of Slurm means.
 *
 * @param word - as `squeue` or `sacct` prints it; behind a blank or a `+` may stand more
 * @returns the meaning; `running` for a word that is not known: whoever waits for a record loses nothing
 */
export function meaningOf(word: string): TaskSight['state'] {
  const [name = ''] = word.split(/[ +]/);
  return Object.hasOwn(states, name) ? states[name as keyof typeof states] : 'running';
}
