import type { Failure } from './failure.ts';
import type { JsonObject } from './json.ts';
import type { CellId, Key } from './plan.ts';

/** How far a stage is. Counts are of the stage's own unit (epochs, files); rates are per second. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /** Images per second, where the stage trains or evaluates. */
  readonly imagesPerSecond?: number;
  /** Bytes per second, where it downloads. */
  readonly bytesPerSecond?: number;
  readonly loss?: number;
  /** Seconds to the end, as the stage sees it. */
  readonly eta?: number;
}

/** Format of the records and events of a run. Those without a number are of format 1, which names no process. */
export const recordFormat = 2;

/** The process of a runner, so that others can ask whether it lives; see `util/process-identity.ts`. */
export interface RunnerProcess {
  readonly pid: number;
  readonly start: string;
  readonly host: string;
  readonly boot: string | null;
  readonly namespace: string;
}

/** A stage of a run before it starts: what an estimate of its end goes by. */
export interface StageOutlook {
  readonly stage: string;
  readonly kind: string;
  /** Its cells in the run, the reused ones among them. */
  readonly cells: number;
  /** The stages that it reads. */
  readonly needs: readonly string[];
  /** What its cells took when they last ran, where that is known. */
  readonly took?: CellTime;
}

/** Mean times of cells, in seconds. */
export interface CellTime {
  /** From a cell's start to its end. */
  readonly wall: number;
  /** Its part of the slot that it ran on: cells of a cohort share one. */
  readonly slot: number;
}

/** How a run ended. */
export type RunStatus = 'done' | 'failed' | 'interrupted';

/** Everything that can happen in a run. Reporters, `status`, `why` and `logs` only consume it. */
export type EventBody =
  | {
      readonly type: 'run-started';
      /** {@link recordFormat}; absent in format 1, as is the process. */
      readonly format?: number;
      readonly process?: RunnerProcess;
      readonly run: string;
      readonly pipeline: string;
      readonly file: string;
      readonly cells: number;
      readonly slots: number;
      readonly command: string;
      readonly commit: string | null;
      /** In the order of the plan; absent in older records. */
      readonly stages?: readonly StageOutlook[];
    }
  /** Another process goes on with a run that outlives its processes. */
  | { readonly type: 'run-resumed'; readonly process: RunnerProcess; readonly command: string }
  | {
      readonly type: 'run-submitted';
      /** Whose queue its cells stand in: `Slurm`. */
      readonly cluster: string;
      /** The arrays of its tasks, with the ids that the queue gave them. */
      readonly jobs: readonly { readonly job: string; readonly array: string; readonly tasks: number }[];
    }
  | { readonly type: 'stage-reused'; readonly cell: CellId; readonly key: Key }
  | {
      readonly type: 'stage-waiting';
      readonly cell: CellId;
      readonly key: Key;
      /** What it waits for: another run that makes the same result, or the queue of a cluster. */
      readonly holder: string;
      /** Where it stands in a queue: what the executor finds it by. */
      readonly handle?: string;
    }
  /** What it waited for is there: it runs. */
  | { readonly type: 'stage-acquired'; readonly cell: CellId }
  | {
      readonly type: 'stage-started';
      readonly cell: CellId;
      readonly key: Key;
      readonly attempt: number;
      /** Why it runs, as `kdpipe why` says it: `params.lr 0.0001 → 0.0003`. */
      readonly reason: string;
      /** How many other cells run with it as a cohort; none by default. */
      readonly beside?: number;
      /** The first cell of that cohort. */
      readonly cohort?: CellId;
    }
  | { readonly type: 'stage-progress'; readonly cell: CellId; readonly progress: Progress }
  /** A row of the training log: an epoch. */
  | { readonly type: 'stage-metric'; readonly cell: CellId; readonly row: JsonObject }
  | { readonly type: 'stage-warned'; readonly cell: CellId; readonly message: string }
  | {
      readonly type: 'stage-retrying';
      readonly cell: CellId;
      readonly attempt: number;
      readonly delay: number;
      readonly failure: Failure;
    }
  | {
      readonly type: 'stage-finished';
      readonly cell: CellId;
      readonly key: Key;
      readonly seconds: number;
      readonly metrics: JsonObject;
    }
  | { readonly type: 'stage-tainted'; readonly cell: CellId; readonly key: Key; readonly changed: readonly string[] }
  | {
      readonly type: 'stage-failed';
      readonly cell: CellId;
      readonly key: Key | null;
      readonly failure: Failure;
      /** Last lines of the stage's log. */
      readonly tail: readonly string[];
    }
  | {
      readonly type: 'stage-skipped';
      readonly cell: CellId;
      /** The failed cell that it needs, directly or not; null where the run stopped after the failure of another. */
      readonly because: CellId | null;
    }
  /** Its search, or that of what it needs, goes on without it; the reason as `rank 7 of 9 at 3 epochs, val.accuracy 0.41; 3 went on`. */
  | { readonly type: 'stage-stopped'; readonly cell: CellId; readonly reason: string }
  | { readonly type: 'stage-interrupted'; readonly cell: CellId }
  | {
      readonly type: 'run-finished';
      readonly status: RunStatus;
      readonly seconds: number;
      readonly ran: number;
      readonly reused: number;
      readonly failed: number;
      readonly skipped: number;
      /** Absent in records of before there were searches. */
      readonly stopped?: number;
    };

/** An event with the moment it happened: milliseconds since the Unix epoch. */
export type Event = EventBody & { readonly at: number };

/** Takes events; reporters and the run's record are sinks. */
export type EventSink = (event: Event) => void;
