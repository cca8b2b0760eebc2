import type { Event } from '../../core/event.ts';
import type { CellId, Key } from '../../core/plan.ts';

type CellEvent = Extract<Event, { readonly cell: CellId }>;

/** What a task has told of a cell since it was started last. */
export class CellNotes {
  /** Of what the cell makes; undefined before it has begun. */
  key: Key | undefined;
  /** Whether it has stopped because it was told to. */
  isInterrupted = false;
  /** Whether it waits for another run that makes the same result. */
  isWaiting = false;
  /** Whether a row of its log was written: an epoch is done. */
  #hasRow = false;
  /** How far it was when it first said so, and how far it is. */
  #from: number | undefined;
  #at: number | undefined;

  /** Takes what the task tells. */
  note(event: CellEvent): void {
    if (event.type === 'stage-started') this.#begin(event);
    else if (event.type === 'stage-waiting') this.isWaiting = true;
    else if (event.type === 'stage-acquired') this.isWaiting = false;
    else if (event.type === 'stage-metric') this.#hasRow = true;
    else if (event.type === 'stage-interrupted') this.isInterrupted = true;
    else if (event.type === 'stage-progress') {
      this.#at = event.progress.done;
      this.#from ??= this.#at;
    }
  }

  #begin({ key, attempt }: Extract<CellEvent, { readonly type: 'stage-started' }>): void {
    this.key = key;
    this.isInterrupted = this.isWaiting = false;
    // A further attempt goes on from what the one before has saved.
    if (attempt > 1) return;
    this.#hasRow = false;
    this.#from = this.#at = undefined;
  }

  /** Whether it has got further than where it began, and had the time to save that: at the end of an epoch, or when it was told to stop. */
  get hasAdvanced(): boolean {
    return this.#hasRow || (this.isInterrupted && this.#at !== this.#from);
  }
}
