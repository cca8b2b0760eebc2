import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import { endsCell, stateAfter } from '../core/run-state.ts';
import {
  arrayFolder,
  arraysFolder,
  readSubmitted,
  readTaskEnd,
  taskFiles,
  taskSpots,
  type TaskSpot,
} from './arrays.ts';
import { EventTail } from './event-tail.ts';

/** One cell of a run, looked at again and again: what is read each time is what has come since, however many cells the run has. */
export class CellWatch {
  readonly #folder: string;
  readonly #cell: CellId;
  readonly #events: EventTail;
  #hasEnded = false;
  #isRunOver = false;
  /** Where it stands in the queue of a cluster, as `arrays.json` of that time says. */
  #spot: TaskSpot | undefined;
  #version = '';

  /**
   * @param folder - the run's folder
   * @param cell - the cell
   */
  constructor(folder: string, cell: CellId) {
    this.#folder = folder;
    this.#cell = cell;
    this.#events = new EventTail(join(folder, 'events.ndjson'));
  }

  /** Whether it will write no more: it has ended, or its run has. */
  hasEnded(): boolean {
    this.#events.read((event) => this.#take(event));
    return this.#isRunOver || this.#hasEnded || this.#hasEndedOnNode();
  }

  #take(event: Event): void {
    if (event.type === 'run-finished') this.#isRunOver = true;
    if (event.type === 'run-resumed') this.#isRunOver = false;
    if ('cell' in event && event.cell === this.#cell && stateAfter(event)) this.#hasEnded = endsCell(event);
  }

  #hasEndedOnNode(): boolean {
    const file = statSync(join(arraysFolder(this.#folder), 'arrays.json'), { throwIfNoEntry: false });
    const version = file ? `${file.mtimeMs} ${file.ino}` : '';
    if (version !== this.#version) this.#spot = taskSpots(readSubmitted(this.#folder)?.arrays ?? []).get(this.#cell);
    this.#version = version;
    if (!this.#spot) return false;
    const { array, index } = this.#spot;
    const end = readTaskEnd(taskFiles.end(arrayFolder(this.#folder, array), index));
    return end?.cells.some(({ event }) => event.cell === this.#cell) ?? false;
  }
}
