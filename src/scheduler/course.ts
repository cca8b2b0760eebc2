import type { EventBody, EventSink, Event } from '../core/event.ts';
import type { Plan } from '../core/plan.ts';
import type { Cluster } from '../executors/cluster.ts';
import type { ExecutorFactory } from '../executors/executor.ts';
import type { RunRecord } from '../record/run-record.ts';
import type { Clock } from '../util/clock.ts';
import type { PlanOptions, Prepared } from './prepare.ts';
import type { ScheduleOutcome } from './schedule-options.ts';

/** How a plan is run. */
export interface RunOptions extends PlanOptions {
  /** Makes the executor of this run; it is closed at the end. */
  readonly executor: ExecutorFactory;
  /** Where cells are submitted to instead, all at once. */
  readonly cluster?: Cluster;
  /** True to leave a run on a cluster once it is submitted. */
  readonly detach?: boolean;
  /** Most tasks at once (`-j`), at least 1. */
  readonly slots: number;
  /** Finds the machine's GPUs, by itself by default; asked only when a cell that may run asks for one. */
  readonly gpus?: () => Promise<readonly string[]>;
  /** Threads of every task; by default, the machine's cores are shared by the tasks that run at once. */
  readonly threads?: number;
  /** On a failure, skip only what needs the failed cell. */
  readonly keepGoing: boolean;
  /** Whether cells that share what they compute run together, as they do by default; their results are the same either way. */
  readonly cohorts?: boolean;
  /** Take every event; the run's record is a further sink. */
  readonly sinks: readonly EventSink[];
  /** Aborted to start nothing new and let running stages save what they have (first Ctrl-C). */
  readonly interrupt?: AbortSignal;
  /** Aborted to end running stages at once (second Ctrl-C). */
  readonly kill?: AbortSignal;
  /** The command line, for the record. */
  readonly command: string;
  /** The git commit, with a mark when the work tree differs; asked only when something runs. */
  readonly commit: () => Promise<string | null>;
  readonly clock?: Clock;
}

/** What a run starts from. */
export interface Outset {
  readonly plan: Plan;
  readonly prepared: Prepared;
  readonly options: RunOptions;
  readonly clock: Clock;
  /** Milliseconds since the Unix epoch. */
  readonly start: number;
}

/** Takes what happens in a run, now or at a time of its own: milliseconds since the Unix epoch. */
export type Emit = (event: EventBody, at?: number) => void;

/** How a run goes, on this machine or elsewhere. */
export interface Course {
  /** Of the run; none where there is nothing to do. */
  readonly record?: RunRecord;
  readonly commit: string | null;
  /** What another process has told of the run, with which this one goes on. */
  readonly past?: readonly Event[];
  /** Runs the cells. */
  run(emit: Emit): Promise<ScheduleOutcome>;
  /** Gives back what only one process may have. */
  close?(): Promise<void>;
}
