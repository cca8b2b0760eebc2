import type { CellId } from '../core/plan.ts';
import type { StageResult, TaskMessage, WorkerTask } from '../core/task.ts';
import type { Risk } from '../util/risk.ts';

/**
 * What the runner sends to a worker process over Node's IPC channel, as JSON. A worker gets its next task when the
 * last one has ended or is `committing`.
 */
export type ToWorker =
  | { readonly type: 'task'; readonly task: WorkerTask }
  /** Save what there is and stop the cell's task. */
  | { readonly type: 'interrupt'; readonly cell: CellId }
  /** What runs, a task or a cohort, may use as many threads from now on. */
  | { readonly type: 'threads'; readonly threads: number };

/** What a worker process sends to the runner: about the task of a cell, which its result ends, or about itself. */
export type FromWorker =
  | { readonly type: 'message'; readonly cell: CellId; readonly message: TaskMessage }
  | { readonly type: 'result'; readonly cell: CellId; readonly result: StageResult }
  | { readonly type: 'risk'; readonly risk: Risk };
