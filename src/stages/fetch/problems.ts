import { FailureError, fail, type Failure } from '../../core/failure.ts';
import { NetworkError, RedirectLoop, type Answer } from './get.ts';

/** Carries a failure that another attempt may not have. */
export class Passing extends Error {
  readonly failure: Failure;
  /** Seconds that the server asks to wait. */
  readonly wait: number;

  constructor(failure: Failure, wait = 0) {
    super(failure.message);
    this.name = 'Passing';
    this.failure = failure;
    this.wait = wait;
  }
}

/** Answers that say "not now". */
const passingStatus: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** No server may ask for more. Seconds. */
const longestWait = 60;

/** Why no connection came about; of a missing name no other attempt helps. */
const unreachable: ReadonlySet<string> = new Set([
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ETIMEDOUT'],
  'UND_ERR_CONNECT_TIMEOUT',
]);

const hostOf = (address: string): string => (URL.canParse(address) && new URL(address).host) || address;

/**
 * A connection that ended too early.
 *
 * @param address - of the file
 * @param why - what happened
 * @returns the failure
 */
export function lost(address: string, why: string): Failure {
  return {
    code: 'connection-lost',
    message: `${address} did not arrive whole: ${why}`,
    fix: 'run again: it goes on where it stopped',
  };
}

/** What to do about an answer. */
function adviceOn(address: string, status: number): Pick<Failure, 'code' | 'fix'> {
  if (status === 404 || status === 410)
    return { code: 'not-there', fix: 'correct url: a person can open it in a browser' };
  if (status !== 401 && status !== 403)
    return { code: 'http-status', fix: 'run again later, or take the file from another address' };
  const fix = address.startsWith('hf:')
    ? 'set HF_TOKEN to a token that may read the repository, and accept its terms on its page'
    : 'download it by hand, as the publisher asks, and give its path instead';
  return { code: 'no-access', fix };
}

/**
 * What a server's answer without the file means.
 *
 * @param address - of the file
 * @param response - status and headers of the answer
 * @returns what to throw
 */
export function refusal(address: string, response: Pick<Answer, 'status' | 'statusText' | 'headers'>): Error {
  const { status, statusText, headers } = response;
  const failure: Failure = {
    ...adviceOn(address, status),
    message: `${address}: the server answered ${`${status} ${statusText}`.trim()}`,
    expected: 'the file',
  };
  if (!passingStatus.has(status)) return new FailureError([failure]);
  const asked = Number(headers.get('retry-after') ?? 0);
  return new Passing(failure, Math.min(longestWait, asked > 0 ? asked : 0));
}

/**
 * Refuses bytes that the disk did not take.
 *
 * @param address - of the file
 * @param error - what the system said
 * @returns never
 * @throws FailureError for a full disk, else the error
 */
export function diskRefuses(address: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
  return fail({
    code: 'disk-full',
    message: `the disk is full: ${address} does not fit`,
    expected: 'room for the file',
    fix: 'free space on the disk that holds runs/, e.g. with kdpipe gc, and run again: it goes on where it stopped',
  });
}

/** Of several attempts, one for each of a host's numbers, the first tells why. */
const reasonOf = (error: NodeJS.ErrnoException): NodeJS.ErrnoException =>
  error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;

/** What fetch() says where it has followed as many redirects as it does. */
const ENDLESS = /^redirect count exceeded$/;

/**
 * Refuses an address that leads nowhere.
 *
 * @param address - of the file
 * @returns the failure
 */
const redirectLoop = (address: string): FailureError =>
  new FailureError([
    {
      code: 'redirect-loop',
      message: `${address} leads on and on, from one address to the next`,
      expected: 'an address that leads to the file',
      fix: 'correct url: a person can open it in a browser; a page that wants a login often does this',
    },
  ]);

/**
 * Understands what a transfer threw.
 *
 * @param address - of the file
 * @param error - what was thrown
 * @returns a {@link Passing} where another attempt may help, a `FailureError` where not; bugs as they are
 */
export function understood(address: string, error: unknown): unknown {
  if (error instanceof RedirectLoop) return redirectLoop(address);
  // What fetch() throws is a TypeError; why is in its cause, as in ours.
  if (!(error instanceof NetworkError || error instanceof TypeError) || !(error.cause instanceof Error)) return error;
  const { code, message } = reasonOf(error.cause);
  if (ENDLESS.test(message)) return redirectLoop(address);
  if (code === undefined) return new Passing(lost(address, message));
  if (/CERT|SIGNATURE|TLS|SSL/.test(code)) {
    const text = `${hostOf(address)} has no certificate that this machine trusts: ${message}`;
    return new FailureError([
      { code: 'untrusted-host', message: text, fix: 'name the certificate of your network in NODE_EXTRA_CA_CERTS' },
    ]);
  }
  if (!unreachable.has(code)) return new Passing(lost(address, message));
  const failure: Failure = {
    code: 'host-unreachable',
    message: `${hostOf(address)} cannot be reached: ${message}`,
    expected: 'a connection to it',
    fix: 'check the network and the address, or download the file elsewhere and give its path instead',
  };
  return code === 'ENOTFOUND' ? new FailureError([failure]) : new Passing(failure);
}
