import { setImmediate } from 'node:timers/promises';

/**
 * Lets signals and messages in between steps: steps are synchronous, and without a pause nobody could stop them.
 *
 * @param milliseconds - time between two pauses
 * @returns to be awaited between steps; costs nothing until a pause is due
 */
export function pauses(milliseconds = 20): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < milliseconds) return undefined;
    last = now;
    return setImmediate();
  };
}

/**
 * Limits how often something is said.
 *
 * @param milliseconds - least time between two
 * @returns true when it is due: the first time, and when `milliseconds` have passed since the last
 */
export function every(milliseconds: number): () => boolean {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last < milliseconds) return false;
    last = now;
    return true;
  };
}
