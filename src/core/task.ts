import type { Progress } from './event.ts';
import type { Failure } from './failure.ts';
import type { JsonObject } from './json.ts';
import type { CellId, Digest, Key, Resources } from './plan.ts';

/** One output of another cell that a stage reads, resolved to the store. */
export interface TaskInput {
  /** Its place in the parameters: `data`, `teachers.0`. */
  readonly name: string;
  readonly cell: CellId;
  readonly key: Key;
  readonly output: string;
  /** Digest of the output's content, as in the producer's manifest. */
  readonly digest: Digest;
  /** Absolute path of the output: a file or a folder. */
  readonly path: string;
}

/** A file or folder outside the store whose content belongs to the key. */
export interface TaskSource {
  /** Its place in the parameters, or the declared path. */
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  readonly digest: Digest;
}

/** One result to produce, as the scheduler hands it to an executor. Plain JSON: it crosses process borders. */
export interface StageTask {
  readonly cell: CellId;
  readonly kind: string;
  readonly resultVersion: number;
  readonly key: Key;
  /**
   * Full parameters; a reference is `{ "$input": "<name>" }` (see {@link TaskInput}), text with references is
   * `{ "$text": ["--weights=", { "$input": "<name>" }] }`.
   */
  readonly params: JsonObject;
  readonly inputs: readonly TaskInput[];
  readonly sources: readonly TaskSource[];
  /** Absolute path of the store's root. */
  readonly store: string;
  /** Absolute path of the run's folder for this cell (`runs/<pipeline>/<run>/stages/<cell>`). */
  readonly folder: string;
  readonly run: string;
  readonly attempt: number;
  /** Seconds; 0 = no limit. */
  readonly timeout: number;
  /** What the pipeline asks for; the executor decides what the task gets of it. */
  readonly resources: Resources;
  /** The git commit and whether the work tree differs from it; null outside a repository. */
  readonly commit: string | null;
  /** True to run although the store has the key (`--force`). */
  readonly force: boolean;
  /**
   * Cells that run beside each other in one process and share what is equal for all, this one among them; none where it
   * runs alone.
   */
  readonly cohort: readonly CellId[];
  /**
   * Absolute path of a file that says, once it is there, that the run is cancelled: what ends from then on does not count. A queue
   * that ends a job signals its processes one by one, so that a command may go on without a program that it called.
   */
  readonly callOff?: string | undefined;
  /** See `Plan.secrets`. */
  readonly secrets?: readonly string[];
}

/** What an executor gives a task to run with. */
export interface Allocation {
  /** CPU threads that the stage may use to begin with; that may change while it runs. */
  readonly threads: number;
  /** GPUs that the stage may use, as `CUDA_VISIBLE_DEVICES` names them: indices or UUIDs. */
  readonly gpus: readonly string[];
}

/** A task as a worker gets it. */
export type WorkerTask = StageTask & Allocation;

/** How a task ended. */
export type StageResult =
  | {
      readonly status: 'finished';
      readonly key: Key;
      readonly outputs: Readonly<Record<string, Digest>>;
      readonly metrics: JsonObject;
      readonly seconds: number;
      /** True when another run had committed the key before this one got its lock. */
      readonly reused: boolean;
    }
  | { readonly status: 'tainted'; readonly key: Key; readonly changed: readonly string[] }
  | { readonly status: 'failed'; readonly failure: Failure; readonly tail: readonly string[] }
  | { readonly status: 'interrupted' };

/** What a task tells while it runs. */
export type TaskMessage =
  | ({ readonly type: 'progress' } & Progress)
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'waiting'; readonly holder: string }
  /** It stands in the queue of a cluster; with the handle the executor finds it again, also in another process. */
  | { readonly type: 'queued'; readonly handle: string; readonly queue: string }
  /** The lock is held, or the queue left, that it waited for: from here on its time counts. */
  | { readonly type: 'acquired' }
  /** The stage has ended and its result is being written: its slot is free for another one. */
  | { readonly type: 'committing' }
  /** A child program started as leader of its own process group; whoever kills the task must kill the group too. */
  | { readonly type: 'group'; readonly leader: number }
  | { readonly type: 'metric'; readonly row: JsonObject };

/**
 * Variables of a stage's programs that no other program has: they find what has left its parent's group.
 *
 * @param task - the stage's task
 * @returns `NAME=value`
 */
export function stageTags(task: Pick<StageTask, 'cell' | 'run'>): readonly string[] {
  return [`KDPIPE_STAGE=${task.cell}`, `KDPIPE_RUN=${task.run}`];
}
