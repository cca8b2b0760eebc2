/** Delay before the second attempt; each further one waits twice as long. Seconds. */
const first = 1;
/** No attempt waits longer. Seconds. */
const longest = 60;

/**
 * How long to wait before the next attempt: 1, 2, 4, … at most 60 seconds.
 *
 * @param failedAttempts - how many attempts have failed, from 1
 * @returns seconds
 */
export function backOff(failedAttempts: number): number {
  return Math.min(longest, first * 2 ** (failedAttempts - 1));
}
