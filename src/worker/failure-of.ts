import { FailureError, type Failure } from '../core/failure.ts';

/** What to do about the system errors that users meet. */
const fixes: Readonly<Record<string, { readonly code: string; readonly fix: string }>> = {
  ENOSPC: { code: 'disk-full', fix: 'free space on the disk that holds runs/, e.g. with kdpipe gc' },
  EDQUOT: { code: 'disk-full', fix: 'free space on the disk that holds runs/, e.g. with kdpipe gc' },
  EACCES: { code: 'no-permission', fix: 'give the user who runs kdpipe the right to write there' },
  EPERM: { code: 'no-permission', fix: 'give the user who runs kdpipe the right to write there' },
  EROFS: { code: 'read-only', fix: 'mount the disk that holds runs/ for writing' },
  EMFILE: { code: 'too-many-files', fix: 'raise the limit of open files: ulimit -n' },
};

/**
 * Turns whatever a stage threw into the failure that its user sees.
 *
 * @param error - a thrown value
 * @returns the failure that it carries, or one that describes the system error or the bug
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return joinFailures(error.failures);
  if (!(error instanceof Error)) return { code: 'internal-error', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return { code: 'internal-error', message: error.message };
  const known = fixes[code];
  return known
    ? { code: known.code, message: error.message, fix: known.fix }
    : { code: 'system-error', message: error.message };
}

/** A stage has one failure: of several, the first gives code and place, and all their messages are kept. */
function joinFailures(failures: readonly Failure[]): Failure {
  const [first, ...others] = failures;
  if (!first) return { code: 'internal-error', message: 'failed without a reason' };
  if (!others.length) return first;
  return { ...first, message: failures.map((failure) => failure.message).join('; ') };
}
