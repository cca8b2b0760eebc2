import type { Event } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import { endsCell, stateAfter } from '../core/run-state.ts';
import { namesIfReadable } from '../util/if-readable.ts';
import { arrayFolder, readSubmitted, readTaskEnd, taskFiles } from './arrays.ts';
import { EventTail } from './event-tail.ts';

/** The last that a running task has said of each of its cells that changes where the cell stands. */
function runningCells(file: string): readonly Event[] {
  const last = new Map<CellId, Event>();
  new EventTail(file).read((event) => {
    if ('cell' in event && stateAfter(event) && !endsCell(event)) last.set(event.cell, event);
  });
  return [...last.values()];
}

/**
 * What the tasks of a run on a cluster have written, and no process has put into the run's record yet: none need follow it.
 *
 * @param folder - the run's folder
 * @param told - the events of its record
 * @returns how cells ended, and that others have started; none for a run of this machine
 */
export function untoldEvents(folder: string, told: readonly Event[]): readonly Event[] {
  const ended = new Set(told.flatMap((event) => ('cell' in event && endsCell(event) ? [event.cell] : [])));
  return (readSubmitted(folder)?.arrays ?? []).flatMap(({ name, tasks }) => {
    const array = arrayFolder(folder, name);
    const names = new Set(namesIfReadable(array));
    return tasks.flatMap(([index, cells]) => {
      if (cells.every((cell) => ended.has(cell))) return [];
      const end = names.has(`${index}.json`) ? readTaskEnd(taskFiles.end(array, index)) : undefined;
      if (end) return end.cells.flatMap(({ event }) => (ended.has(event.cell) ? [] : [event]));
      return names.has(`${index}.ndjson`) ? runningCells(taskFiles.events(array, index)) : [];
    });
  });
}
