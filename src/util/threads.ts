/** How many threads this process may use, and who wants to know when that changes. */

type Listener = (threads: number) => void;

const listeners = new Set<Listener>();
let limit: number | undefined;

/**
 * Says how many threads this process may use from now on.
 *
 * @param threads - 1 or more
 */
export function limitThreads(threads: number): void {
  limit = threads;
  for (const listener of listeners) listener(threads);
}

/**
 * Follows the limit.
 *
 * @param listener - called now, where a limit is set, and whenever it changes
 * @returns ends that
 */
export function onThreads(listener: Listener): () => void {
  listeners.add(listener);
  if (limit !== undefined) listener(limit);
  return () => void listeners.delete(listener);
}
