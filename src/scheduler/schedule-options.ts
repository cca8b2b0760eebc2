import type { EventBody, RunStatus } from '../core/event.ts';
import type { Cell, CellId, Key } from '../core/plan.ts';
import type { StageResult, StageTask } from '../core/task.ts';
import type { Executor } from '../executors/executor.ts';
import type { Clock } from '../util/clock.ts';
import type { Attempt } from './attempt.ts';
import type { Resolution } from './resolution.ts';
import type { Resolver } from './resolve.ts';
import type { CellState } from '../core/cell-state.ts';

/** What is known of one attempt of a cell. */
export interface AttemptInfo {
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Cells that start with it, itself among them; none where it starts alone. */
  readonly cohort: readonly CellId[];
}

/** What a schedule works with. */
export interface ScheduleOptions {
  /** The cells of the run, each after all that it needs. */
  readonly cells: readonly Cell[];
  /** What is to be done with each cell, by index, as far as it is known at the start. */
  readonly resolutions: readonly Resolution[];
  readonly resolver: Pick<Resolver, 'resolve' | 'settle' | 'lose' | 'decided'>;
  /** Urgency of each cell, by index. */
  readonly urgency: Readonly<Float64Array>;
  readonly executor: Executor;
  /** Label of the cohort that a ready cell may run in; null to run it alone. */
  readonly cohortOf: (cell: Cell) => string | null;
  /** Makes the task of one attempt of a cell. */
  readonly taskOf: (cell: Cell, info: AttemptInfo) => StageTask;
  /** Handle of the queued task that an earlier run left for a key; the executor finds it by that. */
  readonly handleOf?: (key: Key) => string | undefined;
  /** On a failure, skip only what needs the failed cell; otherwise nothing new is started. */
  readonly keepGoing: boolean;
  readonly clock: Clock;
  readonly emit: (event: EventBody) => void;
}

/** How the cells of a run ended. */
export interface ScheduleOutcome {
  readonly status: RunStatus | 'left';
  readonly ran: number;
  readonly reused: number;
  readonly failed: number;
  readonly skipped: number;
  /** Cells that searches went on without. */
  readonly stopped: number;
  /** State of each cell, by index. */
  readonly states: readonly CellState[];
}

/** Why an attempt failed. */
export type Problem = Pick<Extract<StageResult, { status: 'failed' }>, 'failure' | 'tail'>;

/** A cell that starts. */
export interface Starting {
  readonly index: number;
  readonly task: StageTask;
  readonly attempt: Attempt;
  /** Releases its part of the reservation; true when the whole was released by that. */
  readonly free: () => boolean;
}

/** A cell between two attempts: until the next one starts. */
export interface Pause {
  readonly key: Key;
  readonly problem: Problem;
  readonly callOff: () => void;
}
