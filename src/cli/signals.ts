import { isatty } from 'node:tty';

/** What Ctrl-C means to a run. */
export interface Interruptions {
  /** Aborted by the first signal: start nothing new, let running stages save what they have. */
  readonly interrupt: AbortSignal;
  /** Aborted by a second Ctrl-C, or SIGTERM: end running stages now. */
  readonly kill: AbortSignal;
  /** Takes the signals: until then they end the process at once, as nothing has begun that could be lost. */
  listen(): void;
  /** Gives the signals back to Node. */
  release(): void;
}

const asking = ['SIGINT', 'SIGTERM'] as const;

/**
 * Whether this process has a terminal. `nohup` leaves none on any stream; that is all that there is to see of it, since Node
 * forgets at its start which signals were ignored.
 *
 * @returns true where one of the standard streams is a terminal
 */
export const hasTerminal = (): boolean => [0, 1, 2].some((stream) => isatty(stream));

/** Without a terminal a hang-up ends nothing: whoever started this has logged out, and wants it to go on. */
export function outliveTerminal(): void {
  if (!hasTerminal()) process.on('SIGHUP', () => undefined);
}

/**
 * Prepares to listen for signals that ask the run to end.
 *
 * @param terminal - whether the process has a terminal, whose end is a reason to stop
 * @returns two abort signals: for the first and for the second time that the run is asked to end
 */
export function interruptions(terminal = hasTerminal()): Interruptions {
  const interrupt = new AbortController();
  const kill = new AbortController();
  const onAsked = () => (interrupt.signal.aborted ? kill : interrupt).abort();
  // The system and the shell both send it for one window that closes, maybe after Ctrl-C: stages go on saving what they have.
  const onHangUp = () => {
    if (terminal) interrupt.abort();
  };
  return {
    interrupt: interrupt.signal,
    kill: kill.signal,
    listen: () => {
      for (const signal of asking) process.on(signal, onAsked);
      process.on('SIGHUP', onHangUp);
    },
    release: () => {
      for (const signal of asking) process.off(signal, onAsked);
      process.off('SIGHUP', onHangUp);
    },
  };
}
