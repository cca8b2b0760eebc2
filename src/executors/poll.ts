/** Shortest and longest pause between two questions to the queue; a cluster has many who ask. Seconds. */
const pauses = { first: 5, longest: 60 };

/**
 * How long to wait until the queue is asked again: the longer nothing has happened, the longer.
 *
 * @param before - the last pause, in seconds; 0 at first
 * @param changed - whether anything has happened since
 * @returns seconds, from 5 to 60
 */
export function nextPause(before: number, changed: boolean): number {
  return changed || before === 0 ? pauses.first : Math.min(pauses.longest, before * 1.5);
}
