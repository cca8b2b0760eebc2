import { FailureError, type Failure } from './failure.ts';

/** Either a value or the failures that prevented it. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failures: readonly Failure[] };

/**
 * Wraps a value as a success.
 *
 * @param value - the value
 * @returns the successful result
 */
export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

/**
 * Wraps failures as an unsuccessful result.
 *
 * @param failures - at least one failure
 * @returns the unsuccessful result
 */
export function failure(...failures: readonly Failure[]): Result<never> {
  return { ok: false, failures };
}

/**
 * Wraps any number of failures, more than an argument list has room for.
 *
 * @param failures - at least one failure
 * @returns the unsuccessful result
 */
export function failed(failures: readonly Failure[]): Result<never> {
  return { ok: false, failures };
}

/**
 * Takes the value out of a result.
 *
 * @param result - a result
 * @returns its value
 * @throws FailureError with the result's failures when it has no value
 */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new FailureError(result.failures);
}
