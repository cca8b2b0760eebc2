import type { Failure } from '../core/failure.ts';
import type { Growth, KeptCheckpoint } from '../core/growth.ts';
import type { JsonObject } from '../core/json.ts';
import type { ValueObject } from '../core/plan.ts';
import type { TaskInput, TaskMessage, TaskSource } from '../core/task.ts';
import type { ParamSchema } from '../params/param-schema.ts';

export type { ParamSchema } from '../params/param-schema.ts';

/** What plan-time rules of a kind may look at. */
export interface CheckContext {
  /**
   * Parameters of the cell that a reference parameter points to, an item of a list (`teacher.0`) or that cell's own
   * (`teacher.data`); undefined when it is not a reference.
   */
  readonly upstream: (name: string) => { readonly kind: string; readonly params: ValueObject } | undefined;
  /** True when the user wrote this parameter (in `with`, `defaults` or as an axis): "a flag that would do nothing". */
  readonly given: (name: string) => boolean;
  /** Facts about registered names that the runner half may read: `facts('models', 'resnet8').dropout`. */
  readonly facts: (registry: string, name: string) => JsonObject | undefined;
}

/**
 * A cell that a cell needs though no parameter names it: `pretrained: true` says what is wanted, and the plan adds the cell
 * that makes it, one for all that want the same.
 */
export interface Need {
  /** The parameter that asks for it: where its problems are shown. */
  readonly by: string;
  /** The parameter that takes the reference to it. */
  readonly param: string;
  /** Kind of the cell. */
  readonly kind: string;
  /** Its parameters; what is left out has the kind's defaults. */
  readonly params: JsonObject;
}

/** A file or folder outside the store that a cell reads. */
export interface DeclaredSource {
  readonly name: string;
  /** Relative to the working folder, or absolute. */
  readonly path: string;
  /** Where the path is a folder of which not everything is read: what is. */
  readonly choice?: {
    /** Names in the folder; the first that is there is read alone. */
    readonly oneOf: readonly string[];
    /** A name in the folder that says that the folder itself is meant, where none of those is there. */
    readonly marker: string;
    /** What to say where nothing of all this is there. */
    readonly absent: Pick<Failure, 'expected' | 'fix'>;
  };
}

/** A path that a parameter may mean without declaring it. */
export interface MentionedPath {
  /** Relative to the working folder, or absolute. */
  readonly path: string;
  /** The text in which it stands. */
  readonly word: string;
  /** Path of the parameter inside `with`. */
  readonly param: readonly (string | number)[];
}

/** A problem that a kind's rule found, placed at one parameter. */
export interface ParamProblem extends Omit<Failure, 'place'> {
  /** Path of the parameter inside `with`. */
  readonly param: readonly (string | number)[];
}

/**
 * A kind of stage, as the runner half sees it: pure data, pure rules, and a dynamic import of what runs.
 * A new kind is one folder `stages/<name>/` with `kind.ts` and `run.ts`, and one line in `stages/registry.ts`.
 */
export interface StageKind {
  readonly name: string;
  /** Other names that `uses` and `defaults` take for it; none is another kind's. */
  readonly synonyms?: readonly string[];
  /** Bumped when the numbers that it computes change: part of the key. */
  readonly resultVersion: number;
  /**
   * How often the numbers of what the parameters name (a method …) have changed, where not all results of the kind did: it is
   * added to `resultVersion` in the key.
   */
  readonly revision?: (params: ValueObject) => number;
  /** One sentence for docs and `kdpipe list kinds`. */
  readonly summary: string;
  readonly params: Readonly<Record<string, ParamSchema>>;
  readonly required: readonly string[];
  /** Other defaults, by the value of the parameter `profile`; it stands before those that it sets. */
  readonly profiles?: Readonly<Record<string, JsonObject>>;
  /** Parameters that change neither result nor key (log level, progress cadence). */
  readonly unkeyed: readonly string[];
  /**
   * Outputs of a cell and the file or folder of each, relative to the store entry.
   * The first is what a bare reference reads when the taker does not say.
   */
  readonly outputs: (params: ValueObject) => Readonly<Record<string, string>>;
  /**
   * Cells that a cell needs though it does not name them. What follows, its `effective` parameters and rules too, sees
   * references in their places.
   */
  readonly needs?: (params: ValueObject) => readonly Need[];
  /**
   * The parameters that act, of those that the schema has completed: without defaults that nothing reads, with defaults
   * that depend on other parameters. They alone are the cell's, and so in its key; all of them by default.
   */
  readonly effective?: (params: ValueObject) => ValueObject;
  /**
   * Dotted paths of the metrics that a cell may report: what columns of a table can name. Left out where only the
   * result tells.
   */
  readonly metrics?: (params: ValueObject) => readonly string[];
  /** Rules beyond the schema: flags that would do nothing, values that exclude each other. */
  readonly check?: (params: ValueObject, context: CheckContext) => readonly ParamProblem[];
  /** Files and folders outside the store that the cell reads, as paths relative to the working folder or absolute. */
  readonly sources?: (params: ValueObject) => readonly DeclaredSource[];
  /** Paths that its parameters may name beside those: where one is a file, a note says that it is no part of the key. */
  readonly mentions?: (params: ValueObject) => readonly MentionedPath[];
  /**
   * Parameters that cells have to agree in to run as a cohort: beside each other in one process, sharing what depends on
   * these alone. A kind without them has no cohorts.
   */
  readonly cohort?: readonly string[];
  /** False for a kind that keeps no checkpoints: its stages get no `scratch` folder (an empty text). */
  readonly checkpoints?: boolean;
  /** How a longer result goes on from a shorter one; by default each is made from its beginning. */
  readonly growth?: Growth;
  /** True for a kind that reads from the network: where cells run on a cluster, its own run before, on the machine that submits. */
  readonly network?: boolean;
  /**
   * Looks whether this machine has what a cell needs beside its inputs, such as its engine: asked of each cell that is to run here,
   * before anything does.
   */
  readonly obstacle?: (params: ValueObject) => Promise<Failure | null>;
  /** Loads what runs it; the only way into the ml half. */
  readonly load: () => Promise<{ readonly run: StageRun }>;
}

/** Something that the members of a cohort share. */
export interface Shared<T> {
  readonly value: T;
  /** Gives it back, once the last member that asked for it has left. */
  readonly dispose: () => void | Promise<void>;
}

/** A cell's place among the cells that run beside it in one process. A cell that runs alone is a cohort of one. */
export interface Cohort {
  /**
   * Something that is equal for all members: the first who asks makes it.
   *
   * @param name - what it is
   * @param make - makes it
   * @returns the same for all members that are there at the same time
   */
  share<T>(name: string, make: () => Shared<T>): T;
  /**
   * Waits for the others, so that all do the same work at the same time: those at the least place go on once everybody
   * has come to one.
   *
   * @param place - where this member stands; a later member that starts further back is let catch up
   * @returns when it is this member's turn, or the stage's signal was aborted
   */
  reach(place: number): Promise<void>;
  /**
   * Steps aside where there is no room beside the others, until they have left.
   *
   * @returns false at once where waiting would not help: nobody else is there, or the stage's signal was aborted
   */
  stepAside(): Promise<boolean>;
}

/** What a running stage gets. */
export interface StageContext {
  readonly cell: string;
  readonly params: JsonObject;
  readonly inputs: readonly TaskInput[];
  readonly sources: readonly TaskSource[];
  /** Private folder on the store's disk; what it holds at the end becomes the entry. */
  readonly out: string;
  /** Folder that survives a kill, one a key: checkpoints. Removed when the result is committed. */
  readonly scratch: string;
  /** What it may go on from where `scratch` has nothing: the kept end of a shorter result, whose bytes are whole. */
  readonly beginning?: KeptCheckpoint;
  /** File that standard output and standard error of child programs are appended to. */
  readonly log: string;
  readonly run: string;
  readonly threads: number;
  /** As `CUDA_VISIBLE_DEVICES` names them. */
  readonly gpus: readonly string[];
  /** Aborted on Ctrl-C, on a time-out and when the runner is gone: checkpoint, then throw `StageInterrupted`. */
  readonly signal: AbortSignal;
  readonly cohort: Cohort;
  readonly tell: (message: TaskMessage) => void;
}

/** What a stage returns; files are already in `out`. Metrics are finite numbers or null, nested at will. */
export interface StageOutcome {
  readonly metrics: JsonObject;
  /**
   * What outputs stand for whose files are another form of it: by output, SHA-256 of the files that it would be in the usual form,
   * relative to it. Who reads it is keyed by these.
   */
  readonly standsFor?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Engine, device and versions for the record. */
  readonly environment?: JsonObject;
}

/** Runs one cell. Expected problems are thrown as `FailureError`. */
export type StageRun = (context: StageContext) => Promise<StageOutcome>;

/** Thrown by a stage that stopped because its signal was aborted, after it saved what it had. */
export class StageInterrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'StageInterrupted';
  }
}

/**
 * Finds an input by the parameter it stands in.
 *
 * @param context - the running stage
 * @param name - place in the parameters, e.g. `data`
 * @returns the input
 * @throws Error when the kind declares no such input (a bug, not a user's problem)
 */
export function inputOf(context: StageContext, name: string): TaskInput {
  const found = context.inputs.find((input) => input.name === name);
  if (!found) throw new Error(`stage ${context.cell} has no input ${name}`);
  return found;
}
