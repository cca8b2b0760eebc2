import type { Event, Progress, RunStatus } from '../core/event.ts';
import type { Failure } from '../core/failure.ts';
import type { CellId } from '../core/plan.ts';

/** A cell that occupies a slot, or is about to again. */
export interface Running {
  readonly cell: CellId;
  /** When this attempt started; milliseconds since the Unix epoch. */
  readonly since: number;
  readonly attempt: number;
  readonly progress?: Progress;
  /** Who holds the cell's key while this run waits for it. */
  readonly holder?: string;
  /** When the next attempt starts, between two attempts; milliseconds since the Unix epoch. */
  readonly retryAt?: number;
}

/** A cell that failed, with the end of its log. */
export interface FailedCell {
  readonly cell: CellId;
  readonly failure: Failure;
  readonly tail: readonly string[];
}

/** How many cells ended in which way. */
export interface Counts {
  readonly reused: number;
  readonly finished: number;
  readonly failed: number;
  readonly skipped: number;
  readonly interrupted: number;
  readonly tainted: number;
}

/** All that a live view or a summary says of a run: a fold of its events. */
export interface ProgressState {
  readonly run: string;
  readonly pipeline: string;
  readonly file: string;
  /** Cells of the plan. */
  readonly total: number;
  readonly slots: number;
  /** Milliseconds since the Unix epoch; 0 before the run starts. */
  readonly startedAt: number;
  readonly counts: Counts;
  /** In the order in which they started. */
  readonly running: readonly Running[];
  readonly failures: readonly FailedCell[];
  /** Undefined while the run goes on. */
  readonly ended?: { readonly status: RunStatus; readonly seconds: number };
}

/** The state before the first event. */
export const initialProgress: ProgressState = {
  run: '',
  pipeline: '',
  file: '',
  total: 0,
  slots: 0,
  startedAt: 0,
  counts: { reused: 0, finished: 0, failed: 0, skipped: 0, interrupted: 0, tainted: 0 },
  running: [],
  failures: [],
};

/** Puts a running cell in its place, or at the end when it is new. */
function insertRunning(running: readonly Running[], entry: Running): readonly Running[] {
  const at = running.findIndex((other) => other.cell === entry.cell);
  return at < 0 ? [...running, entry] : running.with(at, entry);
}

/** Replaces what is known of a running cell; a cell that never said it started has started now. */
function updateRunning(state: ProgressState, event: Event & { cell: CellId }, change: Partial<Running>): ProgressState {
  const known = state.running.find((entry) => entry.cell === event.cell);
  const { cell, since, attempt } = known ?? { cell: event.cell, since: event.at, attempt: 1 };
  return { ...state, running: insertRunning(state.running, { cell, since, attempt, ...change }) };
}

/** Takes a cell off its slot and counts how it ended. */
function settleCell(state: ProgressState, cell: CellId, how: keyof Counts): ProgressState {
  const counts = { ...state.counts, [how]: state.counts[how] + 1 };
  const running = state.running.some((entry) => entry.cell === cell)
    ? state.running.filter((entry) => entry.cell !== cell)
    : state.running;
  return { ...state, counts, running };
}

/**
 * Folds one event into the state. Pure, and cheap enough for tens of thousands of events: a step costs as much as there
 * are running cells.
 *
 * @param state - the state so far
 * @param event - the next event
 * @returns the next state; the same object where the event changes nothing that is shown
 */
export function progressState(state: ProgressState, event: Event): ProgressState {
  switch (event.type) {
    case 'run-started': {
      const { run, pipeline, file, slots, cells, at } = event;
      return { ...initialProgress, run, pipeline, file, slots, total: cells, startedAt: at };
    }
    case 'stage-started': {
      const entry = { cell: event.cell, since: event.at, attempt: event.attempt };
      return { ...state, running: insertRunning(state.running, entry) };
    }
    case 'stage-progress':
      return updateRunning(state, event, { progress: event.progress });
    case 'stage-waiting':
      return updateRunning(state, event, { holder: event.holder });
    case 'stage-retrying':
      return updateRunning(state, event, { attempt: event.attempt, retryAt: event.at + event.delay * 1000 });
    case 'stage-reused':
      return settleCell(state, event.cell, 'reused');
    case 'stage-finished':
      return settleCell(state, event.cell, 'finished');
    case 'stage-tainted':
      return settleCell(state, event.cell, 'tainted');
    case 'stage-skipped':
      return settleCell(state, event.cell, 'skipped');
    case 'stage-interrupted':
      return settleCell(state, event.cell, 'interrupted');
    case 'stage-failed': {
      const { cell, failure, tail } = event;
      return { ...settleCell(state, cell, 'failed'), failures: [...state.failures, { cell, failure, tail }] };
    }
    case 'run-finished':
      return { ...state, running: [], ended: { status: event.status, seconds: event.seconds } };
    case 'stage-warned':
      return state;
  }
}

/**
 * Counts the cells that have ended, in whatever way.
 *
 * @param state - a run's state
 * @returns number of cells
 */
export function settledCells(state: ProgressState): number {
  const { reused, finished, failed, skipped, interrupted, tainted } = state.counts;
  return reused + finished + failed + skipped + interrupted + tainted;
}
