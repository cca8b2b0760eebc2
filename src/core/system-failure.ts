import { FailureError, type Failure } from './failure.ts';

type Advice = Pick<Failure, 'code' | 'fix'>;

const noSpace: Advice = { code: 'disk-full', fix: 'free space on the disk that holds runs/, e.g. with kdpipe gc' };
const noRight: Advice = {
  code: 'no-permission',
  fix: 'give the user who runs kdpipe the right to write there, and to read',
};
const noRoom: Advice = {
  code: 'out-of-memory',
  fix: 'run fewer stages at once (-j 1), or raise the limits of memory and processes: ulimit -v, ulimit -u',
};
const wrongKind: Advice = {
  code: 'wrong-file-type',
  fix: 'move away what stands there: a file where a folder belongs, or a folder for a file',
};
const noFiles: Advice = {
  code: 'too-many-files',
  fix: 'raise the limit of open files (ulimit -n), or run fewer stages at once (-j 4)',
};

/** What to do about the system's errors that users meet. */
const known: Readonly<Record<string, Advice>> = {
  ENOSPC: noSpace,
  EDQUOT: noSpace,
  EACCES: noRight,
  EPERM: noRight,
  EROFS: { code: 'read-only', fix: 'mount the disk that holds runs/ for writing' },
  EMFILE: noFiles,
  ENFILE: noFiles,
  ENOMEM: noRoom,
  EAGAIN: noRoom,
  ENOTDIR: wrongKind,
  EISDIR: wrongKind,
};

/** Codes of the system; Node's own complaints, as ERR_INVALID_ARG_TYPE, are bugs. */
const systemCode = /^E[A-Z0-9]+$/;

/**
 * Turns what the system refused into the failure that a user sees. What it refuses is never a bug.
 *
 * @param error - a thrown value
 * @returns the failure; undefined for what is no error of the system
 */
export function systemFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !systemCode.test(code)) return undefined;
  const advice = Object.hasOwn(known, code) ? known[code] : undefined;
  return { code: 'system-error', message: error.message, ...advice };
}

/**
 * Tells what a user can mend from bugs.
 *
 * @param error - a thrown value
 * @returns the failures that it carries, or that of the system; undefined for a bug
 */
export function expectedFailures(error: unknown): readonly Failure[] | undefined {
  if (error instanceof FailureError) return error.failures;
  const refused = systemFailure(error);
  return refused && [refused];
}
