/** Signals by which the system or V8 ends a process that has gone wrong, as against one that somebody ends. */
const crashes: readonly (string | null | undefined)[] = ['SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGABRT'];

/**
 * Tells a crash from other ends.
 *
 * @param signal - that the process was killed by
 * @returns true for a signal that speaks of a bug in what the process ran
 */
export function isCrash(signal: string | null | undefined): boolean {
  return crashes.includes(signal);
}
