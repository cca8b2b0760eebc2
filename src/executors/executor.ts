import type { CellId, QueueCommands } from '../core/plan.ts';
import type { StageResult, StageTask, TaskMessage } from '../core/task.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import type { Store } from '../store/store.ts';

/** A task that an executor has taken. */
export interface RunningTask {
  /** How it ended; never rejects. */
  readonly result: Promise<StageResult>;
  /** Asks it to save what it has and stop: it then ends as `interrupted`, or finishes if it was about to. */
  interrupt(): void;
  /** Ends it now, with all programs that it started: it then ends as `interrupted`. */
  kill(): void;
}

/** How much an executor runs at once; `Infinity` where a queue of its own takes all. */
export interface Capacity {
  /** Slots for `resources.cpu`: one for most stages. */
  readonly slots: number;
  readonly gpus: number;
}

/** What an executor is told with the tasks that it starts. */
export interface StartOptions {
  /** How many more tasks, or cohorts, are ready beside these: as far as there are slots, they share the machine. */
  readonly waiting: number;
  /** Takes the messages of the cells. */
  readonly tell: (cell: CellId, message: TaskMessage) => void;
}

/** Where tasks run: worker processes of this machine, this process, a cluster. */
export interface Executor {
  readonly capacity: Capacity;
  /**
   * Starts tasks together: one, or a cohort, which share what one of them asks for. The scheduler stays within the
   * capacity; which threads and GPUs the tasks get is up to the executor.
   *
   * @returns a running task for each, in order
   */
  start(tasks: readonly StageTask[], options: StartOptions): readonly RunningTask[];
  /**
   * Finds a task again that an earlier process left `queued`. Only executors whose queue outlives them have this.
   *
   * @param handle - from the `queued` message
   * @param task - what it makes
   * @param options - as for `start`
   * @returns the task; undefined where the queue does not know it any more: then it is started anew
   */
  attach?(handle: string, task: StageTask, options: StartOptions): RunningTask | undefined;
  /** Ends what the executor holds; tasks that still run save what they have and stop. */
  close(): Promise<void>;
}

/** What executors are made with; each takes what it needs. */
export interface ExecutorOptions {
  /** Most tasks or cohorts at once (`-j`), at least 1. */
  readonly slots: number;
  /** Threads of every task; unless given, the machine's cores are shared by the tasks that run at once. */
  readonly threads?: number;
  /** The machine's GPUs, as `CUDA_VISIBLE_DEVICES` names them. */
  readonly gpus: readonly string[];
  /** Folder that stages run in, where the executor starts processes; by default the current one. */
  readonly cwd?: string;
  /** How stages are submitted to a queue of the user's. */
  readonly commands?: QueueCommands;
  readonly store: Store;
  readonly kinds: Readonly<Record<string, StageKind>>;
}

/** Makes an executor; nothing is started before its first task. */
export type ExecutorFactory = (options: ExecutorOptions) => Promise<Executor>;
