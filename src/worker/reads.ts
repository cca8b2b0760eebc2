import { dirname } from 'node:path';
import { FailureError, isFailure, type Failure } from '../core/failure.ts';
import type { CellId } from '../core/plan.ts';
import type { StageTask } from '../core/task.ts';
import { damageOf } from '../store/damage.ts';
import { isSameState, pathState, type PathState } from '../store/files/path-state.ts';
import { sourceChanges, sourceRecorder } from '../store/files/sources.ts';
import { entryPath } from '../store/layout.ts';
import type { Store } from '../store/store.ts';
import { failureOf } from './failure-of.ts';

const notReadable = (error: unknown): string => `cannot be read any more: ${failureOf(error).message}`;

/** Sources whose content is not any more what the key was made of; of a folder, with the files. */
async function changedSources(task: StageTask, store: Store): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const { name, path, digest } of task.sources) {
    try {
      const now = await sourceRecorder(store.root)(path);
      if (now !== digest) changed.push(withChanges(name, sourceChanges(store.root, digest, now)));
    } catch (error) {
      const gone = isFailure(error, 'missing-source');
      changed.push(withChanges(name, gone ? '' : notReadable(error)));
    }
  }
  return changed;
}

/** The state of something that a stage reads; the text says why it could not be looked at. */
type Look = PathState | undefined | string;

/** What a stage reads, by name, and the state in which it is. */
export type ReadStates = ReadonlyMap<string, Look>;

function look(...place: Parameters<typeof pathState>): Look {
  try {
    return pathState(...place);
  } catch (error) {
    return notReadable(error);
  }
}

/**
 * Looks at the state of all that a stage reads.
 *
 * @param task - the stage
 * @param store - holds the results that it reads
 * @returns the state of each source and result
 */
export function statesOf(task: StageTask, store: Store): ReadStates {
  const { sources, inputs } = task;
  const byKey = new Map(inputs.map((input) => [input.key, input]));
  return new Map([
    ...sources.map(({ name, path }) => [name, look(path, 'open', dirname(store.root))] as const),
    ...Array.from(
      byKey.values(),
      ({ name, cell, key }) => [`${name} ← ${cell}`, look(entryPath(store.root, key), 'closed')] as const,
    ),
  ]);
}

/** What holds the same at the end of a stage, and held something else meanwhile, for all that one can tell. */
function putBack(before: ReadStates, after: ReadStates): readonly string[] {
  return [...before].flatMap(([name, first]) => {
    const second = after.get(name);
    if (typeof first === 'string') return [withChanges(name, first)];
    if (typeof second === 'string') return [withChanges(name, second)];
    return isSameState(first, second) ? [] : [withChanges(name, 'changed and put back')];
  });
}

/** Results of other stages that are not what those made any more. One that is gone cannot be compared. */
async function changedInputs({ inputs }: StageTask, store: Store) {
  const changed: { readonly text: string; readonly cell: CellId; readonly path: string }[] = [];
  for (const { key, name, cell, path } of new Map(inputs.map((input) => [input.key, input])).values()) {
    const damage = await damageOf(store.root, key);
    if (damage) changed.push({ text: withChanges(`${name} ← ${cell}`, damage), cell, path });
  }
  return changed;
}

/**
 * Makes sure that a stage reads what its key says, or nothing.
 *
 * @param task - the stage
 * @param store - holds the results that it reads
 * @throws FailureError when one of them has been changed
 */
export async function refuseDamaged(task: StageTask, store: Store): Promise<void> {
  const failures = (await changedInputs(task, store)).map(({ text, cell, path }): Failure => ({
    code: 'changed-result',
    message: `a result that it reads was changed in the store: ${text}`,
    place: { file: path },
    expected: `the files that ${cell} made`,
    fix: `run again: ${cell} is made anew; a program that changes files of its inputs has to copy them first`,
  }));
  if (failures.length) throw new FailureError(failures);
}

/**
 * Finds what was not, all the time, what a stage's key says.
 *
 * @param task - the stage, which has ended
 * @param store - holds the results that it read
 * @param before - the state of what it reads, from before it began
 * @returns names of sources and results, with what changed in them
 */
export async function changesIn(task: StageTask, store: Store, before: ReadStates): Promise<readonly string[]> {
  const sources = await changedSources(task, store);
  const inputs = (await changedInputs(task, store)).map(({ text }) => text);
  const changed = [...sources, ...inputs];
  return changed.length > 0 ? changed : putBack(before, statesOf(task, store));
}

/** `inputs.code (edited train.py)` */
const withChanges = (name: string, changes: string): string => (changes ? `${name} (${changes})` : name);
