import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { sha256 } from '../fingerprint/digest.ts';

/** Who holds a lock. */
export interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, so that a process that got the same id later is another. */
  readonly start: string;
  /** Digest of host, boot and process namespace: only where it equals our own, process ids mean the same to us. */
  readonly machine: string;
  /** Unique to this one claim. */
  readonly nonce: string;
  readonly host: string;
}

function read(action: () => string): string {
  try {
    return action().trim();
  } catch {
    return '';
  }
}

/** State and start time of a process, from /proc; undefined where there is no such process, or no /proc. */
function processStatus(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = read(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field, the program's name, is in parentheses and may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? undefined : { state: fields[0] ?? '', start: fields[19] ?? '' };
}

let self: Omit<Holder, 'nonce'> | undefined;

/** This process; constant while it lives. */
function ourselves(): Omit<Holder, 'nonce'> {
  if (self) return self;
  const host = hostname();
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  const machine = sha256(`${host} ${boot} ${namespace}`).slice(0, 10);
  self = { pid: process.pid, start: processStatus(process.pid)?.start ?? '', machine, host };
  return self;
}

/**
 * Names this process as a holder of locks.
 *
 * @returns a text that nothing else ever has: `pid start machine nonce host`
 */
export function claim(): string {
  const { pid, start, machine, host } = ourselves();
  return `${pid} ${start} ${machine} ${randomBytes(4).toString('hex')} ${host}`;
}

/**
 * Reads what {@link claim} wrote.
 *
 * @param text - of a lock
 * @returns the holder; undefined when the text is none of ours
 */
export function parseHolder(text: string): Holder | undefined {
  const [pid, start, machine, nonce, host] = text.split(' ');
  if (!pid || start === undefined || !machine || !nonce) return undefined;
  return { pid: Number(pid), start, machine, nonce, host: host ?? '' };
}

/** Seconds without a heartbeat after which a holder that we cannot ask for counts as dead. */
const silence = 60;

/** True for a process that runs, and is the one that took the lock. */
function runs({ pid, start }: Holder): boolean {
  const status = processStatus(pid);
  // Z and X are dead processes that their parents have not looked at yet.
  if (status) return status.start === start && status.state !== 'Z' && status.state !== 'X';
  if (start !== '') return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Tells whether a holder still lives. On this machine the system knows at once; of a process elsewhere (another host, a
 * container with its own process ids, or this host before it was booted again) only the heartbeat tells.
 *
 * @param holder - who took the lock
 * @param heartbeat - when the lock was last refreshed, in milliseconds since the Unix epoch
 * @param now - the time, likewise
 * @returns false when the lock may be taken over
 */
export function isAlive(holder: Holder, heartbeat: number, now: number): boolean {
  if (holder.machine === ourselves().machine) return runs(holder);
  return now - heartbeat < silence * 1000;
}
