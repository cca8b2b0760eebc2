import type { CellId, Key } from '../core/plan.ts';
import type { TaskInput, TaskSource } from '../core/task.ts';
import type { Ingredients } from '../fingerprint/stage.ts';
import type { Entry } from '../store/store.ts';

/** What a run does with a cell. */
export type Resolution =
  | { readonly status: 'reuse'; readonly key: Key; readonly entry: Entry }
  | { readonly status: 'run'; readonly key: Key; readonly reasons: readonly string[] }
  /** Its key is not known until these cells are done; if they make equal results, it may still be reused. */
  | { readonly status: 'unknown'; readonly because: readonly CellId[]; readonly reasons: readonly string[] };

/** Everything that a cell's result depends on. */
export interface ResolvedCell extends Ingredients {
  readonly key: Key;
  readonly inputs: readonly TaskInput[];
  readonly sources: readonly TaskSource[];
}
