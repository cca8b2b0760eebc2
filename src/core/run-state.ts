import { isTerminal, type CellState } from './cell-state.ts';
import type { Event, Progress, RunnerProcess, RunStatus, StageOutlook } from './event.ts';
import type { Failure } from './failure.ts';
import type { CellId, Key } from './plan.ts';

/** A cell that occupies a slot, stands in a queue, or is about to start again. */
export interface RunningCell {
  readonly cell: CellId;
  /** When this attempt started; milliseconds since the Unix epoch. */
  readonly since: number;
  readonly attempt: number;
  /** The cohort that it started with: its first cell, and how many cells it had. Absent where it started alone. */
  readonly cohort?: { readonly first: CellId; readonly size: number };
  /** What it makes and what the executor finds it by, where it went through the queue of a cluster. */
  readonly queued?: { readonly key: Key; readonly handle: string };
  readonly progress?: Progress;
  /** What it waits for: another run that holds its key, or the queue that it stands in. */
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
  readonly stopped: number;
  readonly interrupted: number;
  readonly tainted: number;
}

/** How far a cell came in a run. */
export interface CellStatus {
  readonly state: CellState;
  /** The event that brought it there. */
  readonly event: Event;
}

/** The newest change of a cell's state, and those before it: states share what they have in common. */
interface Change extends CellStatus {
  readonly cell: CellId;
  readonly before: Change | undefined;
}

/** All that a live view, a summary or `kdpipe status` says of a run: a fold of its events. */
export interface RunState {
  readonly run: string;
  readonly pipeline: string;
  readonly file: string;
  /** The runner; undefined in records of format 1. */
  readonly process?: RunnerProcess;
  /** Whose queue its cells stand in; undefined for a run of this machine. */
  readonly cluster?: string;
  /** Cells of the plan. */
  readonly total: number;
  readonly slots: number;
  /** Milliseconds since the Unix epoch; 0 before the run starts. */
  readonly startedAt: number;
  readonly counts: Counts;
  /** What was known of each stage before the run, in the order of the plan. */
  readonly stages: readonly StageOutlook[];
  /** In the order in which they started. */
  readonly running: readonly RunningCell[];
  readonly failures: readonly FailedCell[];
  /** Undefined while the run goes on. */
  readonly ended?: { readonly status: RunStatus; readonly seconds: number };
  /** Read with {@link cellStatuses}. */
  readonly changes: Change | undefined;
}

/** The state before the first event. */
export const initialRun: RunState = {
  run: '',
  pipeline: '',
  file: '',
  total: 0,
  slots: 0,
  startedAt: 0,
  stages: [],
  counts: { reused: 0, finished: 0, failed: 0, skipped: 0, stopped: 0, interrupted: 0, tainted: 0 },
  running: [],
  failures: [],
  changes: undefined,
};

/** An event of one cell. */
type StageEvent = Extract<Event, { readonly cell: CellId }>;

/**
 * Where an event leaves its cell.
 *
 * @param event - what happened
 * @returns the state; undefined for events that change nothing of that
 */
export function stateAfter(event: StageEvent): CellState | undefined {
  switch (event.type) {
    case 'stage-reused':
      return 'reused';
    case 'stage-started':
    case 'stage-acquired':
      return 'running';
    case 'stage-waiting':
      return event.handle === undefined ? 'running' : 'waiting';
    case 'stage-retrying':
      return 'retrying';
    case 'stage-finished':
      return 'finished';
    case 'stage-tainted':
      return 'tainted';
    case 'stage-failed':
      return 'failed';
    case 'stage-skipped':
      return 'skipped';
    case 'stage-stopped':
      return 'stopped';
    case 'stage-interrupted':
      return 'interrupted';
    case 'stage-progress':
    case 'stage-metric':
    case 'stage-warned':
      return undefined;
  }
}

/**
 * Tells whether an event is the end of a cell.
 *
 * @param event - what happened
 * @returns true where nothing more comes of the cell in this run
 */
export function endsCell(event: StageEvent): boolean {
  const state = stateAfter(event);
  return state !== undefined && isTerminal(state);
}

const isCount = (state: CellState): state is keyof Counts => Object.hasOwn(initialRun.counts, state);

/** What an event says of a cell that runs on; undefined where it says nothing. */
function runningAfter(known: RunningCell | undefined, event: StageEvent): RunningCell | undefined {
  // A cell that never said it started has started now.
  const { cell, since, attempt, cohort, queued } = known ?? { cell: event.cell, since: event.at, attempt: 1 };
  const base = { cell, since, attempt, ...(cohort && { cohort }), ...(queued && { queued }) };
  switch (event.type) {
    case 'stage-started': {
      const { at, cohort: first, beside = 0 } = event;
      const started = { cell, since: at, attempt: event.attempt };
      return first === undefined ? started : { ...started, cohort: { first, size: beside + 1 } };
    }
    case 'stage-progress':
      return { ...base, progress: event.progress };
    case 'stage-waiting': {
      const { key, handle, holder } = event;
      return { ...base, ...(handle !== undefined && { queued: { key, handle } }), holder };
    }
    case 'stage-acquired':
      return base;
    case 'stage-retrying':
      return { cell, since, attempt: event.attempt, retryAt: event.at + event.delay * 1000 };
    default:
      return undefined;
  }
}

/** Puts a running cell in its place, or at the end when it is new. */
function insertRunning(running: readonly RunningCell[], entry: RunningCell): readonly RunningCell[] {
  const at = running.findIndex((other) => other.cell === entry.cell);
  return at < 0 ? [...running, entry] : running.with(at, entry);
}

/** Takes a cell off its slot and counts how it ended. */
function countEnd(state: RunState, cell: CellId, how: keyof Counts): RunState {
  const counts = { ...state.counts, [how]: state.counts[how] + 1 };
  const running = state.running.some((entry) => entry.cell === cell)
    ? state.running.filter((entry) => entry.cell !== cell)
    : state.running;
  return { ...state, counts, running };
}

function applyStageEvent(state: RunState, event: StageEvent): RunState {
  const { cell } = event;
  const to = stateAfter(event);
  const changed = to === undefined ? state : { ...state, changes: { cell, state: to, event, before: state.changes } };
  if (to !== undefined && isCount(to)) {
    const counted = countEnd(changed, cell, to);
    if (event.type !== 'stage-failed') return counted;
    const { failure, tail } = event;
    return { ...counted, failures: [...counted.failures, { cell, failure, tail }] };
  }
  const known = state.running.find((entry) => entry.cell === cell);
  const entry = runningAfter(known, event);
  return entry ? { ...changed, running: insertRunning(changed.running, entry) } : changed;
}

/**
 * Folds one event into the state of its run. Pure, and cheap enough for tens of thousands of events: a step costs as
 * much as there are running cells.
 *
 * @param state - the state so far
 * @param event - the next event
 * @returns the next state; the same object where the event changes nothing that is shown
 */
export function runState(state: RunState, event: Event): RunState {
  switch (event.type) {
    case 'run-started': {
      const { run, pipeline, file, slots, cells, at, process, stages = [] } = event;
      const known = process && { process };
      return { ...initialRun, run, pipeline, file, slots, total: cells, startedAt: at, stages, ...known };
    }
    case 'run-resumed':
      return { ...state, process: event.process };
    case 'run-submitted':
      return { ...state, cluster: event.cluster };
    case 'run-finished':
      return { ...state, running: [], ended: { status: event.status, seconds: event.seconds } };
    default:
      return applyStageEvent(state, event);
  }
}

/**
 * Tells cells that wait in the queue of a cluster from those that run.
 *
 * @param cell - a cell that has started
 * @returns true until it leaves the queue
 */
export function isQueued(cell: RunningCell): boolean {
  return cell.queued !== undefined && cell.holder !== undefined;
}

/**
 * How far each cell came. Cells without an event are not in it: they were still waiting.
 *
 * @param state - a run's state
 * @returns the last state of every cell that something happened to
 */
export function cellStatuses(state: RunState): ReadonlyMap<CellId, CellStatus> {
  const newestFirst = new Map<CellId, CellStatus>();
  for (let change = state.changes; change; change = change.before)
    if (!newestFirst.has(change.cell)) newestFirst.set(change.cell, change);
  return new Map([...newestFirst].reverse());
}

/**
 * Counts the cells that have ended, in whatever way.
 *
 * @param state - a run's state
 * @returns number of cells
 */
export function countEnded(state: Pick<RunState, 'counts'>): number {
  const { reused, finished, failed, skipped, stopped, interrupted, tainted } = state.counts;
  return reused + finished + failed + skipped + stopped + interrupted + tainted;
}
