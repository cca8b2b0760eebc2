/** Where time comes from: the machine's, or a test's. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `action` once, `milliseconds` from now; the returned function calls it off. */
  after(milliseconds: number, action: () => void): () => void;
}

/** Longest delay that Node's timers hold: longer ones would fire at once. */
const longestTimer = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, action) => {
    const timer = setTimeout(action, Math.min(milliseconds, longestTimer));
    return () => clearTimeout(timer);
  },
};

/**
 * Waits.
 *
 * @param clock - whose time it is
 * @param milliseconds - how long
 * @param signal - aborted to wait no longer
 */
export async function pass(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      signal.removeEventListener('abort', end);
      callOff();
      resolve();
    };
    const callOff = clock.after(milliseconds, end);
    signal.addEventListener('abort', end);
  });
}
