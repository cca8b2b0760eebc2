/** What Ctrl-C means to a run. */
export interface Interruptions {
  /** Aborted by the first signal: start nothing new, let running stages save what they have. */
  readonly interrupt: AbortSignal;
  /** Aborted by the second: end running stages now. */
  readonly kill: AbortSignal;
  /** Gives the signals back to Node. */
  release(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens for signals that ask the run to end.
 *
 * @returns two abort signals: for the first and for the second of them
 */
export function interruptions(): Interruptions {
  const interrupt = new AbortController();
  const kill = new AbortController();
  const listener = () => (interrupt.signal.aborted ? kill : interrupt).abort();
  for (const signal of signals) process.on(signal, listener);
  return {
    interrupt: interrupt.signal,
    kill: kill.signal,
    release: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
