import type { JsonObject } from './json.ts';

/** Unique name of a cell: `student[teacher=teacher,kd_method=MGD,seed=0]`, or the stage's id when it has no matrix. */
export type CellId = string;

/** Content address of a stage result: 64 lower-case hexadecimal digits of SHA-256. */
export type Key = string;

/** SHA-256 of bytes, 64 lower-case hexadecimal digits. */
export type Digest = string;

/**
 * A parameter value that stands for an output of another cell: an edge of the DAG.
 * `output` is undefined where the pipeline names the cell alone; the kind that takes it then says which output it reads.
 */
export class CellReference {
  readonly cell: CellId;
  readonly output: string | undefined;

  constructor(cell: CellId, output?: string) {
    this.cell = cell;
    this.output = output;
  }
}

/** Text with references inside (`--weights=${stages.teacher.weights}`): known in full only when the paths are. */
export class ReferenceText {
  readonly parts: readonly (string | CellReference)[];

  constructor(parts: readonly (string | CellReference)[]) {
    this.parts = parts;
  }
}

/** A parameter value of a planned cell: JSON in which any leaf may refer to another cell. */
export type Value = null | boolean | number | string | CellReference | ReferenceText | readonly Value[] | ValueObject;

/** A mapping of parameter values. */
export interface ValueObject {
  readonly [key: string]: Value;
}

/** What a cell occupies while it runs. */
export interface Resources {
  /** Slots of `-j` it takes; 1 by default. */
  readonly cpu: number;
  /** How many GPUs; the executor says which, in `CUDA_VISIBLE_DEVICES`. */
  readonly gpu: number;
  /** Memory in MiB, for executors that ask for it (Slurm); 0 = unsaid. */
  readonly memory: number;
}

/** One cell: one combination of a stage's matrix (or the whole stage when it has none). */
export interface Cell {
  readonly id: CellId;
  /** The stage's id in the YAML file. */
  readonly stage: string;
  readonly kind: string;
  /** The cell's own axes, in the order in which the id names them. */
  readonly axes: ValueObject;
  /** All parameters: `with` over `defaults` over the kind's own defaults; axes that are parameters are in it. */
  readonly params: ValueObject;
  /** The cells that this one reads, sorted and unique. */
  readonly needs: readonly CellId[];
  /** Shorter trainings of its trial: it runs after them, if its search wants it (`core/search.ts`), and reads nothing of them. */
  readonly follows?: readonly CellId[];
  readonly resources: Resources;
  /** Further attempts after a failed one. */
  readonly retry: number;
  /** Seconds after which an attempt is killed; 0 = never. */
  readonly timeout: number;
  /** Plugins that its parameters name: paths by the names of the sources that they are; none where there are none. */
  readonly plugins?: Readonly<Record<string, string>>;
}

/** How p-values are corrected for the number of comparisons: by Holm's step-down procedure. */
export const corrections = ['holm'] as const;

/** One of {@link corrections}. */
export type Correction = (typeof corrections)[number];

/** What rows of a table are compared with. */
export interface Comparing {
  /** Values of the row that others are compared with. */
  readonly baseline: JsonObject;
  /** The column that decides. */
  readonly on: string;
  /** Left out, p-values are those of single comparisons. */
  readonly correction?: Correction;
}

/** How a result table is made. Names in `rows` and `columns` are looked up by `report/rows/rows.ts`. */
export interface TablePlan {
  readonly name: string;
  /** Ids of the cells that the table reads, in plan order. */
  readonly cells: readonly CellId[];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Axes that rows leave out beside the seeds: their means go over them. */
  readonly over?: readonly string[];
  readonly title?: string;
  /** The row that others are compared with, and the column that decides. */
  readonly compare?: Comparing;
  /** Path of published numbers, relative to the pipeline file's folder. */
  readonly published?: string;
  /** A built-in template's name or a path to a `.hbs` file. */
  readonly template: string;
  /** The file with the table's markers, relative to the project root (the working folder). */
  readonly into?: string;
}

/** How a plot is made: the mean of a metric over a number, a line a series. Names are looked up as those of tables. */
export interface PlotPlan {
  readonly name: string;
  /** Ids of the cells that the plot reads, in plan order. */
  readonly cells: readonly CellId[];
  /** The number that goes to the right: an axis, a parameter or a metric. */
  readonly x: string;
  /** Where x comes from; from axes and parameters unless it is said. */
  readonly xFrom?: 'metrics';
  /** The metric that goes up. */
  readonly y: string;
  /** What makes a line; without names there is one. */
  readonly series: readonly string[];
  /** Axes that points leave out beside the seeds: their means go over them. */
  readonly over?: readonly string[];
  readonly scale: 'linear' | 'log';
  readonly title?: string;
  /** What the rows without x are, that are drawn as level lines. */
  readonly baseline?: JsonObject;
  /** Path of a Vega-Lite specification, relative to the pipeline file's folder. */
  readonly template?: string;
  /** The SVG file, relative to the project root (the working folder). */
  readonly into: string;
}

/** Methods that stop trials at rungs. */
export const stoppingMethods = ['asha', 'halving'] as const;

/** Trials that compete: those of a stage for one combination of its matrix, whatever the seed. */
export interface Search {
  readonly stage: string;
  readonly method: (typeof stoppingMethods)[number];
  /** Dotted path of the metric that trials are ranked by. */
  readonly metric: string;
  /** One of so many trials goes on from a rung. */
  readonly eta: number;
  /** How far trials go, ascending; the last is all the way. */
  readonly rungs: readonly number[];
  /** What rungs count: `epochs`. */
  readonly unit: string;
  /** Cells by trial and rung; several of one are its seeds, whose mean ranks it. */
  readonly trials: readonly (readonly (readonly CellId[])[])[];
}

/** Where a pipeline may say that its cells run. */
export const places = ['local', 'slurm', 'command'] as const;

/** One of {@link places}. */
export type Place = (typeof places)[number];

/** How stages are submitted to Slurm: `sbatch` has options of these names. */
export interface SlurmSettings {
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  /** Seconds that a job may take; a stage that is not done by then saves what it has and is queued again. */
  readonly time?: number;
  /** Further options of `sbatch`. */
  readonly options?: readonly string[];
  /** Lines of shell that run on the node before: `module load …`. */
  readonly setup?: string;
  /** Most cells, or cohorts, that one task runs one after the other: starting takes longer than stages of seconds. 1 by default. */
  readonly pack?: number;
}

/** A queue by programs of the user's: command lines of a shell. */
export interface QueueCommands {
  /** Gets the path of a script, submits it, and prints what the job is called, as its last line. */
  readonly submit: string;
  /** Gets what jobs are called, and prints of each a line with its state: `queued`, `running` or `ended`, and why. */
  readonly status: string;
  /** Gets what a job is called, and ends it. */
  readonly cancel: string;
  /** Most jobs at once; as many as there are by default. */
  readonly jobs?: number;
}

/** A tool that results go to while a run goes: its name, and settings by name. */
export interface SinkPlan {
  readonly uses: string;
  readonly with: Readonly<Record<string, string>>;
}

/** The typed DAG that a pipeline file and its overrides stand for. Pure data: equal text gives an equal plan. */
export interface Plan {
  readonly name: string;
  readonly description: string;
  /** The pipeline file as the user named it. */
  readonly file: string;
  readonly params: ValueObject;
  /** In topological order: a cell stands after all that it needs. */
  readonly cells: readonly Cell[];
  readonly tables: readonly TablePlan[];
  readonly plots: readonly PlotPlan[];
  /** The searches that stop trials; absent where there are none. */
  readonly searches?: readonly Search[];
  /** Where it runs unless the command line says otherwise. */
  readonly executor?: Place;
  /** How stages are submitted to Slurm: what holds for all, and what each says itself. */
  readonly slurm?: { readonly all: SlurmSettings; readonly stages: Readonly<Record<string, SlurmSettings>> };
  /** What `executor: command` submits with. */
  readonly command?: QueueCommands;
  /** A command line of a shell that is run when a run has ended. */
  readonly onFinish?: string;
  /** Files of the plugins, relative to the working folder or absolute; none where there are none. */
  readonly plugins?: readonly string[];
  /** Tools that results go to; no part of any key. */
  readonly sinks?: readonly SinkPlan[];
  /** Values that are not to be written or shown; none where there are none. */
  readonly secrets?: readonly string[];
}
