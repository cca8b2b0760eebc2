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

const form = /^(?<pid>\d+) (?<start>\d*) (?<machine>[0-9a-f]{10}) (?<nonce>[0-9a-f]{8}) (?<host>.*)$/;

/**
 * Reads what {@link claim} wrote.
 *
 * @param text - of a lock
 * @returns the holder; undefined when the text is none of ours: a lock that names nobody
 */
export function parseHolder(text: string): Holder | undefined {
  const { pid, start = '', machine = '', nonce = '', host = '' } = form.exec(text)?.groups ?? {};
  return pid === undefined ? undefined : { pid: Number(pid), start, machine, nonce, host };
}

/**
 * Asks whether a holder still lives.
 *
 * @param holder - who took the lock
 * @returns undefined where this machine cannot tell: then only its heartbeat does
 */
export function isAlive(holder: Holder): boolean | undefined {
  return holder.machine === identifyHolder().machine ? isRunning(holder) : undefined;
}
