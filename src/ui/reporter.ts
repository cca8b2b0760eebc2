import type { Writable } from 'node:stream';
import type { Event } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import type { RunState } from '../core/run-state.ts';

/** Shows a run while it happens. It only consumes events: what it shows can be replayed from the run's record. */
export interface Reporter {
  /** Takes the next event. Never waits and never throws for what an event says. */
  event(event: Event): void;
  /** Ends the show: leaves the terminal as it was found. Further events are ignored. */
  close(): void;
}

/** A stream to write to; a terminal also has a size. */
export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** What a reporter needs of the world around it. */
export interface ReporterOptions {
  /** Results: standard output. */
  readonly out: Output;
  /** Progress: standard error. */
  readonly err: Output;
  /** True where colours are wanted (`hasColors()` and no `NO_COLOR`). */
  readonly color: boolean;
  /** Milliseconds since the Unix epoch, for what moves between two events. */
  readonly now: () => number;
  /** Reads the last line of a cell's log; undefined where it has none. */
  readonly lastLine?: (run: Pick<RunState, 'pipeline' | 'run'>, cell: CellId) => string | undefined;
}
