import type { KeptCheckpoint } from '../core/growth.ts';
import type { StageTask, TaskMessage } from '../core/task.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { findCheckpoints, isIntact, keepCheckpoint, type Growing } from '../store/checkpoints.ts';
import type { Store } from '../store/store.ts';
import { failureOf } from './failure-of.ts';

/** Where checkpoints lie, and whom to tell. */
interface Deps {
  readonly store: Store;
  readonly tell: (message: TaskMessage) => void;
}

/** A task as a result that grows; undefined where its kind does not. */
const growingOf = (task: StageTask, { growth, unkeyed }: StageKind): Growing | undefined =>
  growth && { growth, ingredients: { ...task, unkeyed } };

/**
 * Keeps the checkpoint from which a longer result may go on. What cannot be kept is said: the result itself is there.
 *
 * @param task - whose result has been committed
 * @param kind - its kind
 * @param deps - store, and whom to tell
 */
export async function keepEnd(task: StageTask, kind: StageKind, deps: Deps): Promise<void> {
  const { store, tell } = deps;
  const growing = growingOf(task, kind);
  if (!growing) return;
  try {
    await keepCheckpoint(store.root, growing, { ...task, scratch: await store.scratch(task.key) });
  } catch (error) {
    const { message } = failureOf(error);
    tell({ type: 'warning', message: `its end could not be kept, so that a longer one starts anew: ${message}` });
  }
}

/**
 * Finds what a task may go on from: the last kept end of a shorter result that is whole.
 *
 * @param task - about to begin; one that is forced starts anew
 * @param kind - its kind
 * @param deps - store, and whom to tell of what is damaged
 * @returns the checkpoint; undefined where there is none
 */
export async function findBeginning(task: StageTask, kind: StageKind, deps: Deps): Promise<KeptCheckpoint | undefined> {
  const { store, tell } = deps;
  const growing = task.force ? undefined : growingOf(task, kind);
  if (!growing) return undefined;
  const { unit } = growing.growth;
  for (const checkpoint of findCheckpoints(store.root, growing)) {
    if (await isIntact(checkpoint)) return checkpoint;
    const { cell, length, path } = checkpoint;
    tell({ type: 'warning', message: `${path} (${length} ${unit} of ${cell}) is damaged and is not used` });
  }
  return undefined;
}
