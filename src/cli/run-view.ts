import { join } from 'node:path';
import type { Event } from '../core/event.ts';
import { initialRun, runState, type RunState } from '../core/run-state.ts';
import { logFile } from '../record/run-record.ts';
import { reporterFor, reporters } from '../ui/registry.ts';
import type { ReporterOptions } from '../ui/reporter.ts';
import { lastLines } from '../util/last-lines.ts';

/** A run on the terminal. */
export interface RunView {
  /** Shows the next event. */
  readonly onEvent: (event: Event) => void;
  /** The run after the last event. */
  readonly state: () => RunState;
  /** Leaves the terminal as it was found. */
  readonly close: () => void;
}

/**
 * Shows a run on the terminal, as it suits standard error.
 *
 * @param json - true for events as JSON on standard output
 * @param runsFolder - path of `runs/`, where the logs of stages are
 * @param redact - hides secrets in what programs printed
 * @returns the view, which takes events
 */
export async function viewRun(
  json: boolean,
  runsFolder: string,
  redact: (text: string) => string = (text) => text,
): Promise<RunView> {
  const color = process.stderr.isTTY && !process.env['NO_COLOR'];
  const name = json ? 'ndjson' : reporterFor(process.stderr.isTTY, process.env);
  const lastLine: ReporterOptions['lastLine'] = ({ pipeline, run }, cell) =>
    lastLines(logFile(join(runsFolder, pipeline, run), cell), 1).map(redact)[0];
  const streams = { out: process.stdout, err: process.stderr };
  const reporter = await reporters[name].create({ ...streams, color, now: Date.now, lastLine });
  let state = initialRun;
  return {
    onEvent: (event) => {
      state = runState(state, event);
      reporter.event(event);
    },
    state: () => state,
    close: () => reporter.close(),
  };
}
