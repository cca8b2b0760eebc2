import { printableJson } from '../util/printable.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

/**
 * Writes every event as one line of JSON to standard output, for programs that follow a run.
 *
 * @param options - `out` takes the lines
 * @returns the reporter
 */
export function ndjsonReporter(options: Pick<ReporterOptions, 'out'>): Reporter {
  let closed = false;
  return {
    event: (event) => {
      if (!closed) options.out.write(`${printableJson(event)}\n`);
    },
    close: () => {
      closed = true;
    },
  };
}
