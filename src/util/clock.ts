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
