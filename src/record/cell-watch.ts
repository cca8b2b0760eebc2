import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Event, RunnerProcess } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import { endsCell, stateAfter } from '../core/run-state.ts';
import { isAlive } from '../util/process-identity.ts';
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

/** Cells of a run, looked at again and again: what is read each time is what has come since, however many cells the run has. */
export class CellWatch {
  readonly #folder: string;
  readonly #cells: ReadonlySet<CellId>;
  readonly #events: EventTail;
  readonly #ended = new Set<CellId>();
  #isRunOver = false;
  #runner: RunnerProcess | undefined;
  /** Where cells stand in the queue of a cluster, as `arrays.json` of that time says. */
  #spots: ReadonlyMap<CellId, TaskSpot> = new Map();
  #version = '';

  /**
   * @param folder - the run's folder
   * @param cells - those that are watched
   */
  constructor(folder: string, cells: Iterable<CellId>) {
    this.#folder = folder;
    this.#cells = new Set(cells);
    this.#events = new EventTail(join(folder, 'events.ndjson'));
  }

  /**
   * Looks at what has come.
   *
   * @returns the cells that will write no more: they have ended, or their run has
   */
  ended(): ReadonlySet<CellId> {
    this.#events.read((event) => this.#take(event));
    this.#readSpots();
    if (this.#isRunOver || this.#isDead()) return this.#cells;
    return new Set([...this.#cells].filter((cell) => this.#ended.has(cell) || this.#hasEndedOnNode(cell)));
  }

  #take(event: Event): void {
    if (event.type === 'run-started' || event.type === 'run-resumed') this.#runner = event.process;
    if (event.type === 'run-finished') this.#isRunOver = true;
    if (event.type === 'run-resumed') this.#isRunOver = false;
    if (!('cell' in event) || !this.#cells.has(event.cell) || !stateAfter(event)) return;
    if (endsCell(event)) this.#ended.add(event.cell);
    else this.#ended.delete(event.cell);
  }

  #readSpots(): void {
    const file = statSync(join(arraysFolder(this.#folder), 'arrays.json'), { throwIfNoEntry: false });
    const version = file ? `${file.mtimeMs} ${file.ino}` : '';
    if (version !== this.#version) this.#spots = taskSpots(readSubmitted(this.#folder)?.arrays ?? []);
    this.#version = version;
  }

  /** A run whose process has ended without a word. One on a cluster goes on without its process. */
  #isDead(): boolean {
    return this.#spots.size === 0 && this.#runner !== undefined && isAlive(this.#runner) === false;
  }

  #hasEndedOnNode(cell: CellId): boolean {
    const spot = this.#spots.get(cell);
    if (!spot) return false;
    const end = readTaskEnd(taskFiles.end(arrayFolder(this.#folder, spot.array), spot.index));
    return end?.cells.some(({ event }) => event.cell === cell) ?? false;
  }
}
