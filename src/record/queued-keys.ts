import type { Event } from '../core/event.ts';
import type { Key } from '../core/plan.ts';
import { arrayFolder, readDescription, readSubmitted } from './arrays.ts';
import { untoldEvents } from './untold-events.ts';

/**
 * What a run needs that goes on in the queue of a cluster: the results that its tasks are to read, and those that they have begun,
 * whose checkpoints they go on from. Its record tells of them only as far as somebody follows it.
 *
 * @param folder - the run's folder
 * @param told - the events of its record
 * @returns keys; undefined for a run that has ended, or was not submitted
 */
export function queuedKeys(folder: string, told: readonly Event[]): ReadonlySet<Key> | undefined {
  const submitted = told.at(-1)?.type === 'run-finished' ? undefined : readSubmitted(folder);
  if (!submitted) return undefined;
  const needs = submitted.arrays.flatMap(({ name }) => readDescription(arrayFolder(folder, name))?.needs ?? []);
  const begun = untoldEvents(folder, told).flatMap((event) => ('key' in event ? (event.key ?? []) : []));
  return new Set([...needs.flatMap(({ from }) => (typeof from === 'string' ? from : [])), ...begun]);
}
