import type { Json, JsonObject } from '../../core/json.ts';
import type { Place, QueueCommands, SinkPlan, SlurmSettings } from '../../core/plan.ts';
import type { SourceLocation, Located } from '../source/location.ts';

/** Values by name, in the order in which they were written. */
export type LocatedMap = ReadonlyMap<string, Located>;

/** A matrix as written: not yet interpolated. The key `seeds` among the axes is short for an axis `seed`. */
export interface MatrixSpec {
  readonly location: SourceLocation;
  readonly axes: LocatedMap;
  readonly zip: LocatedMap;
  readonly zipLocation: SourceLocation;
  readonly include: readonly Located<JsonObject>[];
  readonly exclude: readonly Located<JsonObject>[];
  /** Axes whose values an override replaced. */
  readonly replaced: ReadonlySet<string>;
}

/** A search as written: not yet interpolated. */
export interface SearchSpec {
  readonly location: SourceLocation;
  /** All but the parameters. */
  readonly fields: LocatedMap;
  /** What is sampled, by name. */
  readonly parameters: LocatedMap;
}

/** Values that an override gives to an axis which the matrix itself does not list. */
export interface SweptAxis {
  readonly values: readonly Json[];
  readonly location: SourceLocation;
}

/** A stage as written. */
export interface StageSpec {
  readonly id: string;
  readonly location: SourceLocation;
  /** Undefined when it is missing or no text. */
  readonly uses: Located<string> | undefined;
  readonly with: LocatedMap;
  /** Undefined for a stage without a matrix. */
  readonly matrix: MatrixSpec | undefined;
  /** Undefined for a stage without a search. */
  readonly search: SearchSpec | undefined;
  /** `cpu`, `gpu`, `memory`, `time`. */
  readonly resources: LocatedMap;
  readonly retry: Located | undefined;
  readonly timeout: Located | undefined;
  readonly slurm: SlurmSettings;
  /** Axes that overrides put over whatever the matrix gives. */
  readonly swept: ReadonlyMap<string, SweptAxis>;
}

/** What rows of a table are compared with, as written. */
export interface CompareSpec {
  readonly baseline: Located<JsonObject>;
  readonly on: Located<string>;
  readonly correction: Located<string> | undefined;
}

/** A table as written. */
export interface TableSpec {
  readonly name: string;
  readonly location: SourceLocation;
  readonly from: readonly Located<string>[];
  readonly rows: readonly Located<string>[];
  readonly columns: readonly Located<string>[];
  readonly over: readonly Located<string>[];
  readonly title: Located<string> | undefined;
  readonly compare: CompareSpec | undefined;
  readonly published: Located<string> | undefined;
  readonly template: Located<string> | undefined;
  readonly into: Located<string> | undefined;
  /** Which of `from`, `rows` and `columns` are empty lists. */
  readonly empty: readonly string[];
}

/** A plot as written. */
export interface PlotSpec {
  readonly name: string;
  readonly location: SourceLocation;
  readonly from: readonly Located<string>[];
  readonly series: readonly Located<string>[];
  readonly over: readonly Located<string>[];
  /** Undefined when they are missing or no text. */
  readonly x: Located<string> | undefined;
  readonly y: Located<string> | undefined;
  readonly into: Located<string> | undefined;
  readonly scale: Located<string> | undefined;
  readonly title: Located<string> | undefined;
  readonly baseline: Located<JsonObject> | undefined;
  readonly template: Located<string> | undefined;
  /** Which of `from` and `series` are empty lists. */
  readonly empty: readonly string[];
}

/** A pipeline file whose structure has been checked. */
export interface PipelineSpec {
  readonly name: string;
  readonly description: string;
  readonly params: LocatedMap;
  /** Defaults of environment variables, as text. */
  readonly env: ReadonlyMap<string, string>;
  /** By kind. */
  readonly defaults: ReadonlyMap<string, { readonly location: SourceLocation; readonly params: LocatedMap }>;
  readonly stages: ReadonlyMap<string, StageSpec>;
  readonly executor: Place | undefined;
  readonly slurm: SlurmSettings;
  readonly command: QueueCommands | undefined;
  /** A command line that is run when a run has ended. */
  readonly onFinish: string | undefined;
  /** Files that add names to registries, relative to the pipeline's folder. */
  readonly plugins: readonly Located<string>[];
  /** Tools that results go to. */
  readonly sinks: readonly SinkPlan[];
  readonly tables: readonly TableSpec[];
  readonly plots: readonly PlotSpec[];
  /** Values of params that an override sweeps: every stage that uses one gets an axis of its name. */
  readonly swept: ReadonlyMap<string, SweptAxis>;
}
