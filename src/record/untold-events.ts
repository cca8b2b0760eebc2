import type { Event } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import { endsCell, stateAfter } from '../core/run-state.ts';
import { namesIfReadable } from '../util/if-readable.ts';
import { arrayFolder, readSubmitted, readTaskEnd, taskFiles, taskSpots } from './arrays.ts';
import { EventTail } from './event-tail.ts';

type CellEvent = Extract<Event, { readonly cell: CellId }>;

/** The last that a running task has said of each of its cells that changes where the cell stands. */
function runningCells(file: string): readonly CellEvent[] {
  const last = new Map<CellId, CellEvent>();
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
  const arrays = readSubmitted(folder)?.arrays ?? [];
  const spots = taskSpots(arrays);
  return arrays.flatMap(({ name, tasks }) => {
    const array = arrayFolder(folder, name);
    const names = new Set(namesIfReadable(array));
    // What an array says of a cell that was submitted again counts no more.
    const isNews = (cell: CellId) => !ended.has(cell) && spots.get(cell)?.array === name;
    return tasks.flatMap(([index, cells]) => {
      if (!cells.some(isNews)) return [];
      const end = names.has(`${index}.json`) ? readTaskEnd(taskFiles.end(array, index)) : undefined;
      const said = end?.cells.map(({ event }) => event);
      const running = () => (names.has(`${index}.ndjson`) ? runningCells(taskFiles.events(array, index)) : []);
      return (said ?? running()).filter((event) => isNews(event.cell));
    });
  });
}
