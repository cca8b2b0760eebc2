import { randomBytes } from 'node:crypto';
import { sha256 } from '../fingerprint/digest.ts';
import { identifyProcess, isRunning } from '../util/process-identity.ts';

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

let self: Omit<Holder, 'nonce'> | undefined;

/** This process; constant while it lives. */
function identifyHolder(): Omit<Holder, 'nonce'> {
  if (self) return self;
  const { pid, start, host, boot, namespace } = identifyProcess();
  self = { pid, start, host, machine: sha256(`${host} ${boot ?? ''} ${namespace}`).slice(0, 10) };
  return self;
}

/**
 * Names this process as a holder of locks.
 *
 * @returns a text that nothing else ever has: `pid start machine nonce host`
 */
export function claim(): string {
  const { pid, start, machine, host } = identifyHolder();
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
  if (holder.machine === identifyHolder().machine) return isRunning(holder);
  return now - heartbeat < silence * 1000;
}
