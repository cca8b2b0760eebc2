import type { Event } from '../core/event.ts';
import { LineTail } from '../util/line-tail.ts';
import { eventIn } from './event-form.ts';

/** A file of events that grows: each look gives what has come since the last. */
export class EventTail {
  readonly #lines: LineTail;

  /**
   * @param path - of the file; it may not be there yet
   * @param from - byte to begin at: 0, or the {@link position} of another
   */
  constructor(path: string, from = 0) {
    this.#lines = new LineTail(path, from);
  }

  /** Bytes of whole lines that were read: where another can go on. */
  get position(): number {
    return this.#lines.position;
  }

  /**
   * Reads on.
   *
   * @param onEvent - takes every new event whose line is whole
   * @throws the system's error where the file cannot be read
   */
  read(onEvent: (event: Event) => void): void {
    this.#lines.read((line) => {
      const event = eventIn(line);
      if (event) onEvent(event);
    });
  }
}
