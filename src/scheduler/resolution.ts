import type { CellId, Key } from '../core/plan.ts';
import type { TaskInput, TaskSource } from '../core/task.ts';
import type { Ingredients } from '../fingerprint/stage.ts';
import type { Entry } from '../store/store.ts';

/** What a run does with a cell. */
export type Resolution =
  | { readonly status: 'reuse'; readonly key: Key; readonly entry: Entry }
  | { readonly status: 'run'; readonly key: Key; readonly reasons: readonly string[] }
  /**
   * Its key is not known until these cells are done; if they make equal results, it may still be reused. `undecided`: its search
   * has still to say whether it goes on.
   */
  | {
      readonly status: 'unknown';
      readonly because: readonly CellId[];
      readonly undecided?: boolean;
      readonly reasons: readonly string[];
    }
  /** A search goes on without it, or without what it needs; the one reason is why. */
  | { readonly status: 'stop'; readonly reasons: readonly string[] };

/**
 * Tells cells with which a run has nothing to do.
 *
 * @param resolution - of a cell; undefined where it is not known
 * @returns true for those that are reused, or that a search goes on without
 */
export const isIdle = (resolution: Resolution | undefined): boolean =>
  resolution?.status === 'reuse' || resolution?.status === 'stop';

/** Everything that a cell's result depends on. */
export interface ResolvedCell extends Ingredients {
  readonly key: Key;
  readonly inputs: readonly TaskInput[];
  readonly sources: readonly TaskSource[];
}
