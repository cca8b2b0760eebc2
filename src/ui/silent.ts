import type { Reporter } from './reporter.ts';

/**
 * Shows nothing.
 *
 * @returns the reporter
 */
export function silentReporter(): Reporter {
  return { event: () => undefined, close: () => undefined };
}
