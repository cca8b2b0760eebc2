import type { Failure } from '../core/failure.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { ValueObject } from '../core/plan.ts';
import type { TaskInput, TaskMessage, TaskSource } from '../core/task.ts';

/**
 * JSON Schema (draft 2020-12 as ajv reads it) of one parameter, with two keywords of ours:
 *
 * - `x-input`: the parameter is a reference to a cell of one of these kinds; `output` is read unless the
 *   reference names another. A list of references where `many` is true.
 * - `x-registry`: the names of that ml registry are the enum (`models`, `methods`, `datasets`, …); filled in by
 *   `npm run build:schemas`, because the runner half never loads the ml half.
 */
export interface ParamSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: Json;
  readonly 'x-input'?: { readonly kinds: readonly string[]; readonly output?: string; readonly many?: boolean };
  readonly 'x-registry'?: string;
  /** Unit of a number, for docs: `epochs`, `pixels`, `seconds`. */
  readonly 'x-unit'?: string;
  readonly [keyword: string]: unknown;
}

/** What plan-time rules of a kind may look at. */
export interface CheckContext {
  /** Parameters of the cell that a reference parameter points to; undefined when it is not a reference. */
  readonly upstream: (name: string) => { readonly kind: string; readonly params: ValueObject } | undefined;
  /** True when the user wrote this parameter (in `with`, `defaults` or as an axis): "a flag that would do nothing". */
  readonly given: (name: string) => boolean;
  /** Facts about registered names that the runner half may read: `facts('models', 'resnet8').dropout`. */
  readonly facts: (registry: string, name: string) => JsonObject | undefined;
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
  /** Bumped when the numbers that it computes change: part of the key. */
  readonly resultVersion: number;
  /** One sentence for docs and `kdpipe list kinds`. */
  readonly summary: string;
  readonly params: Readonly<Record<string, ParamSchema>>;
  readonly required: readonly string[];
  /** Other defaults, by the value of the parameter `profile`; it stands before those that it sets. */
  readonly profiles?: Readonly<Record<string, Readonly<Record<string, string | boolean>>>>;
  /** Parameters that change neither result nor key (log level, progress cadence). */
  readonly unkeyed: readonly string[];
  /**
   * Outputs of a cell and the file or folder of each, relative to the store entry.
   * The first is what a bare reference reads when the taker does not say.
   */
  readonly outputs: (params: ValueObject) => Readonly<Record<string, string>>;
  /** Rules beyond the schema: flags that would do nothing, values that exclude each other. */
  readonly check?: (params: ValueObject, context: CheckContext) => readonly ParamProblem[];
  /** Files and folders outside the store that the cell reads, as paths relative to the working folder or absolute. */
  readonly sources?: (params: ValueObject) => readonly { readonly name: string; readonly path: string }[];
  /** False for a kind that keeps no checkpoints: its stages get no `scratch` folder (an empty text). */
  readonly checkpoints?: boolean;
  /** Loads what runs it; the only way into the ml half. */
  readonly load: () => Promise<{ readonly run: StageRun }>;
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
  /** File that standard output and standard error of child programs are appended to. */
  readonly log: string;
  readonly run: string;
  readonly threads: number;
  readonly gpus: readonly number[];
  /** Aborted on Ctrl-C, on a time-out and when the runner is gone: checkpoint, then throw `StageInterrupted`. */
  readonly signal: AbortSignal;
  readonly tell: (message: TaskMessage) => void;
}

/** What a stage returns; files are already in `out`. Metrics are finite numbers or null, nested at will. */
export interface StageOutcome {
  readonly metrics: JsonObject;
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
