import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process something belongs to: enough for another process to ask later whether it still lives. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, so that a process that got the same id later is another; empty without /proc. */
  readonly start: string;
  readonly host: string;
  /** Changes at every boot; null where the system does not tell (other systems than Linux). */
  readonly boot: string | null;
  /** Names the set of process ids that it has its id in: containers have their own; empty without /proc. */
  readonly namespace: string;
}

function readTrimmed(action: () => string): string {
  try {
    return action().trim();
  } catch {
    return '';
  }
}

/** State and start time of a process, from /proc; undefined where there is no such process, or no /proc. */
function processStatus(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = readTrimmed(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field, the program's name, is in parentheses and may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? undefined : { state: fields[0] ?? '', start: fields[19] ?? '' };
}

let own: ProcessIdentity | undefined;

/**
 * Identifies this process.
 *
 * @returns its identity; constant while it lives
 */
export function identifyProcess(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    start: processStatus(process.pid)?.start ?? '',
    host: hostname(),
    boot: readTrimmed(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')) || null,
    namespace: readTrimmed(() => readlinkSync('/proc/self/ns/pid')),
  };
  return own;
}

/**
 * Asks this machine for a process.
 *
 * @param identity - its id and start time
 * @returns true for a process that runs, and is the one that had the id then; undefined where a process of another user has
 *   the id, and /proc hides it (`hidepid`)
 */
export function isRunning(identity: Pick<ProcessIdentity, 'pid' | 'start'>): boolean | undefined {
  const { pid, start } = identity;
  const status = processStatus(pid);
  // Z and X are dead processes that their parents have not looked at yet.
  if (status) return status.start === start && status.state !== 'Z' && status.state !== 'X';
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === '' ? true : undefined;
}

/**
 * Tells whether a process still lives.
 *
 * @param identity - from {@link identifyProcess}, of whatever process
 * @returns undefined where only another host, or another container, can tell
 */
export function isAlive(identity: ProcessIdentity): boolean | undefined {
  const here = identifyProcess();
  if (identity.host !== here.host) return undefined;
  if (identity.boot !== here.boot) return false;
  return identity.namespace === here.namespace ? isRunning(identity) : undefined;
}
