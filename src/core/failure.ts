/** Where in the user's files a problem stands. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** The source line, for a caret under `column`. */
  readonly excerpt?: string;
  /** Number of characters that the caret underlines; 1 by default. */
  readonly width?: number;
}

/**
 * An expected problem, as a value: what is wrong, where, what was expected and how to mend it.
 * Bugs throw ordinary errors; everything that a user can cause is a `Failure`.
 */
export interface Failure {
  /** Stable, lower-case, hyphenated; shown in brackets, e.g. `unknown-key`. */
  readonly code: string;
  /** One sentence without a final full stop: what was got. */
  readonly message: string;
  readonly place?: Place;
  /** What would have been right. */
  readonly expected?: string;
  /** How to mend it: nearest known name, a command to type. */
  readonly fix?: string;
}

/** Carries failures through code that throws; the command line prints them without a stack trace. */
export class FailureError extends Error {
  readonly failures: readonly Failure[];

  constructor(failures: readonly Failure[]) {
    super(failures.map((failure) => failure.message).join('; '));
    this.name = 'FailureError';
    this.failures = failures;
  }
}

/**
 * Tells an expected problem from others by its code.
 *
 * @param error - whatever was thrown
 * @param code - of the failure
 * @returns true when it carries exactly such a failure
 */
export function isFailure(error: unknown, code: string): error is FailureError {
  return error instanceof FailureError && error.failures.length === 1 && error.failures[0]?.code === code;
}

/**
 * Throws one failure.
 *
 * @param failure - the failure to carry
 * @throws FailureError always
 */
export function fail(failure: Failure): never {
  throw new FailureError([failure]);
}
