import type { Event } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { CellId, Key } from '../core/plan.ts';
import { namesIfReadable } from '../util/if-readable.ts';
import { arrayFolder, readSubmitted, taskFiles } from './arrays.ts';
import { EventTail } from './event-tail.ts';
import { readEvents } from './past-runs.ts';

/** A row of a training's log, and when it was written; milliseconds since the Unix epoch. */
export interface TimedRow {
  readonly at: number;
  readonly row: JsonObject;
}

/** How a result came about, as a run has recorded it. */
export interface Story {
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly rows: readonly TimedRow[];
  readonly end?: Extract<Event, { readonly type: 'stage-finished' | 'stage-failed' | 'stage-interrupted' }>;
}

/** What a run tells of results: a fold of its events. */
export class Stories {
  readonly #byKey = new Map<Key, Story>();
  readonly #keys = new Map<CellId, Key>();

  /** The key of a cell, once it is known. */
  keyOf(cell: CellId): Key | undefined {
    return this.#keys.get(cell);
  }

  /** How a result came about; undefined where this run has not worked on it. */
  of(key: Key): Story | undefined {
    return this.#byKey.get(key);
  }

  /**
   * Takes the next event.
   *
   * @param event - of the run
   * @returns the cell that there is something new of
   */
  take(event: Event): CellId | undefined {
    if (!('cell' in event)) return undefined;
    const { cell } = event;
    if ('key' in event && event.key !== null) this.#keys.set(cell, event.key);
    const key = this.#keys.get(cell);
    if (key === undefined) return undefined;
    const before = this.#byKey.get(key) ?? { startedAt: event.at, rows: [] };
    switch (event.type) {
      case 'stage-reused':
        return cell;
      case 'stage-started':
        // A further attempt goes on.
        this.#byKey.set(key, { startedAt: before.startedAt, rows: before.rows });
        return cell;
      case 'stage-metric': {
        const { at, row } = event;
        this.#byKey.set(key, { ...before, rows: [...before.rows, { at, row }] });
        return cell;
      }
      case 'stage-finished':
      case 'stage-failed':
      case 'stage-interrupted':
        this.#byKey.set(key, { ...before, end: event });
        return cell;
      default:
        return undefined;
    }
  }
}

/**
 * Reads what a run has recorded of results; of one on a cluster also what its tasks have written on their nodes.
 *
 * @param folder - the run's folder
 * @returns the fold of all of it
 */
export function readStories(folder: string): Stories {
  const stories = new Stories();
  const take = (event: Event): void => void stories.take(event);
  for (const { name, tasks } of readSubmitted(folder)?.arrays ?? []) {
    const array = arrayFolder(folder, name);
    const names = new Set(namesIfReadable(array));
    for (const [index] of tasks)
      if (names.has(`${index}.ndjson`)) new EventTail(taskFiles.events(array, index)).read(take);
  }
  readEvents(folder).forEach(take);
  return stories;
}
