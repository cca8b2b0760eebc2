import type { CellState } from '../../core/cell-state.ts';
import type { Failure } from '../../core/failure.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Event } from '../../core/event.ts';
import type { CellId, Key } from '../../core/plan.ts';
import type { RunState } from '../../core/run-state.ts';

/** A run as the page shows it: what was planned, and how far it came. JSON: the server sends it, a report holds it. */
export interface RunData {
  readonly run: string;
  readonly pipeline: string;
  readonly description: string;
  /** The pipeline file as the user named it. */
  readonly file: string;
  readonly stages: readonly StageData[];
  /** In the order of the plan. */
  readonly cells: readonly CellData[];
  /** The fold of all events so far. */
  readonly state: RunFold;
  /** The command that started it, and the commit that it was started at. */
  readonly command: string;
  readonly commit: string | null;
}

/** {@link RunState} without its chain of changes: cells have their states themselves. */
export type RunFold = Omit<RunState, 'changes'>;

/** A stage of the plan. */
export interface StageData {
  readonly id: string;
  readonly kind: string;
  /** Ids of the stages that it reads. */
  readonly needs: readonly string[];
  /** Parameters that all of its cells share, in the form of `plan.json`. */
  readonly params: JsonObject;
  /** What tells its rows apart: names of axes and parameters. */
  readonly names: readonly string[];
  /** Cells that differ in their seeds alone. */
  readonly rows: readonly RowData[];
  /** The metrics that a table or a plot of the pipeline shows of it, in its order. */
  readonly shown: readonly string[];
}

/** What a row is called under one name: a number where it is one. */
export type Label = string | number;

/** Cells of one stage that differ in their seeds alone. */
export interface RowData {
  /** By the order of {@link StageData.names}. */
  readonly labels: readonly Label[];
  /** Places in {@link RunData.cells}. */
  readonly cells: readonly number[];
}

/** A cell of the plan, and how far it came. */
export interface CellData {
  readonly id: CellId;
  /** Place in {@link RunData.stages}. */
  readonly stage: number;
  /** Parameters in which it differs from others of its stage, in the form of `plan.json`. */
  readonly params: JsonObject;
  /** Where it stands on the axes behind it: what runs are paired by. */
  readonly axes: Readonly<Record<string, string>>;
  readonly progress: CellProgress;
}

/** How far a cell came. */
export interface CellProgress {
  readonly state: CellState;
  readonly key?: Key;
  /** Why it runs, or was stopped, as `kdpipe why` says it. */
  readonly reason?: string;
  /** What it took. */
  readonly seconds?: number;
  readonly failure?: Failure;
  /** Last lines of the log of a cell that failed. */
  readonly tail?: readonly string[];
  readonly warnings?: readonly string[];
  /** Numbers of its result by dotted path. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** A row of a training's log: an epoch. */
export type CurveRow = Readonly<Record<string, Json>>;

/** What comes after a {@link RunData}: events, results of reused cells, and whether anybody writes the record. */
export interface RunNews {
  readonly events: readonly Event[];
  /** Metrics of cells whose results are older than the run. */
  readonly results: Readonly<Record<CellId, JsonObject>>;
  /** False where the run's process is gone; undefined where nobody can tell. */
  readonly alive?: boolean;
}
