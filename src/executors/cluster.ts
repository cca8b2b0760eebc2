import type { DependencyType, JobRequest } from '../core/array-job.ts';
import type { Failure } from '../core/failure.ts';

/** A job that has to end before. */
export interface Dependency {
  readonly type: DependencyType;
  /** Its id. */
  readonly job: string;
}

/** Tasks of one stage that are submitted in one call. */
export interface ArrayJob extends JobRequest {
  /** Name of the job, by which it is found again. */
  readonly name: string;
  /** Absolute path of the folder that describes the tasks, and takes what they write. */
  readonly folder: string;
  /** Ascending. */
  readonly indices: readonly number[];
  readonly after: readonly Dependency[];
  /** Absolute path of the folder that tasks start in. */
  readonly cwd: string;
}

/** How the queue sees a task. */
export interface TaskSight {
  /** `ended`: it will not run any more, unless somebody submits it again. */
  readonly state: 'queued' | 'running' | 'ended';
  /** The queue's own word: `OUT_OF_MEMORY`. */
  readonly word: string;
  /** Why it waits or ended, in the queue's words; empty where it gives no reason. */
  readonly reason: string;
  /** What it waits for that is not its turn, and what to do. */
  readonly obstacle?: { readonly message: string; readonly fix: string };
}

/** What tasks need to see on their nodes. */
export interface NodeWish {
  /** Absolute path of the folder that they start in. */
  readonly cwd: string;
  /** Absolute path of a file in `runs/`. */
  readonly shared: string;
}

/** What a node answers that was asked whether it can run tasks; `unknown` where none was there to ask. */
export type Trial = 'fit' | 'unknown' | Failure;

/** The queue at one moment. */
export interface QueueSight {
  /** Ids of jobs by name. */
  readonly jobs: ReadonlyMap<string, string>;
  /** A task; undefined where the queue does not know it, or not any more. */
  task(job: string, index: number): TaskSight | undefined;
}

/** A queue that takes whole arrays of tasks, with what they depend on, and outlives whoever submits to it. */
export interface Cluster {
  /** What it is called: `Slurm`. */
  readonly name: string;
  /**
   * Looks what there is.
   *
   * @returns the largest number of tasks in an array
   * @throws FailureError where there is no such cluster, or it does not answer
   */
  open(): Promise<{ readonly largestArray: number }>;
  /** Why no node can ever run such a task; undefined where one can. */
  refusal(request: JobRequest): Promise<Failure | undefined>;
  /** Asks a node that is idle now whether it can run tasks. Does not wait for one. */
  tryNode(request: JobRequest, wish: NodeWish): Promise<Trial>;
  /**
   * Submits an array.
   *
   * @returns id of the job
   * @throws FailureError where it is refused
   */
  submit(job: ArrayJob): Promise<string>;
  /**
   * Looks at the jobs of this user.
   *
   * @param patience - milliseconds that the answer may take; a minute by default
   * @returns undefined where the answer is not known: then nothing is concluded
   */
  look(patience?: number): Promise<QueueSight | undefined>;
  /**
   * Finds jobs of this user.
   *
   * @returns ids by name
   * @throws FailureError where the queue does not answer
   */
  find(): Promise<ReadonlyMap<string, string>>;
  /** Why a task ended that left no word, in the queue's book-keeping; undefined where there is none. */
  recall(job: string, index: number): Promise<TaskSight | undefined>;
  /** Cancels jobs, or those of their tasks that still wait. */
  cancel(jobs: readonly string[], which: 'all' | 'waiting'): Promise<void>;
}
