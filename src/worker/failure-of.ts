import { FailureError, type Failure } from '../core/failure.ts';
import { systemFailure } from '../core/system-failure.ts';

/**
 * Turns whatever a stage threw into the failure that its user sees.
 *
 * @param error - a thrown value
 * @returns the failure that it carries, or one that describes the system error or the bug
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return joinFailures(error.failures);
  const message = error instanceof Error ? error.message : String(error);
  return systemFailure(error) ?? { code: 'internal-error', message };
}

/** A stage has one failure: of several, the first gives code and place, and all their messages are kept. */
function joinFailures(failures: readonly Failure[]): Failure {
  const [first, ...others] = failures;
  if (!first) return { code: 'internal-error', message: 'failed without a reason' };
  if (!others.length) return first;
  return { ...first, message: failures.map((failure) => failure.message).join('; ') };
}
