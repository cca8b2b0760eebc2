import type { Event } from '../../core/event.ts';
import type { CellId, Key } from '../../core/plan.ts';
import { readTaskEnd, taskFiles, type TaskEnd } from '../../record/arrays.ts';
import { EventTail } from '../../record/event-tail.ts';
import { CellNotes } from './cell-notes.ts';
import type { SubmittedArray } from './submitted-arrays.ts';

type CellEvent = Extract<Event, { readonly cell: CellId }>;

/** A task whose end is not known. */
export class OpenTask {
  readonly array: SubmittedArray;
  readonly index: number;
  readonly cells: readonly CellId[];
  /** How often the queue has seen it as ended. */
  seenEnded = 0;
  /** How often its end was read, and a result was not there. */
  unseen = 0;
  readonly #notes = new Map<CellId, CellNotes>();
  #tail: EventTail | undefined;
  #end: TaskEnd | undefined;

  /**
   * @param array - the array
   * @param index - of the task
   * @param cells - those of its cells that count: others have ended, or were submitted again
   */
  constructor(array: SubmittedArray, index: number, cells: readonly CellId[]) {
    this.array = array;
    this.index = index;
    this.cells = cells;
  }

  /** As the queue calls it: `12_3`. */
  get name(): string {
    return `${this.array.job}_${this.index}`;
  }

  get hasBegun(): boolean {
    return this.#tail !== undefined;
  }

  /** Reads what it has told since the last look; the file has to be there. */
  readEvents(onEvent: (event: CellEvent) => void): void {
    this.#tail ??= new EventTail(taskFiles.events(this.array.folder, this.index));
    this.#tail.read((event) => {
      if (!('cell' in event) || !this.cells.includes(event.cell)) return;
      this.#note(event);
      onEvent(event);
    });
  }

  /** Whether it has said how it ended: what the queue says counts no more. */
  get hasWord(): boolean {
    return this.#end !== undefined;
  }

  /** Reads how it ended; undefined where it has not said so. */
  readEnd(): TaskEnd | undefined {
    return (this.#end ??= readTaskEnd(taskFiles.end(this.array.folder, this.index)));
  }

  #note(event: CellEvent): void {
    const notes = this.#notes.get(event.cell) ?? new CellNotes();
    this.#notes.set(event.cell, notes);
    notes.note(event);
  }

  /** Key of what a cell makes, where it has got further in this task. */
  advanced(cell: CellId): Key | undefined {
    const notes = this.#notes.get(cell);
    return notes?.hasAdvanced ? notes.key : undefined;
  }

  /** Whether a cell has stopped because it was told to. */
  isInterrupted(cell: CellId): boolean {
    return this.#notes.get(cell)?.isInterrupted ?? false;
  }
}
