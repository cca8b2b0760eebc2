import { closeSync, fdatasync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import type { Event, EventSink } from '../core/event.ts';

/** An event is in its file at the latest this long after it happened. Milliseconds. */
const writeEvery = 50;
/** Or as soon as this much text is waiting. Characters. */
const writeAt = 1 << 16;

/** What says how a stage ended: nobody shall have to guess it after a loss of power. */
const lasting: ReadonlySet<Event['type']> = new Set(['stage-finished', 'stage-tainted', 'stage-failed']);

/** What has to stand before anything else happens: a task is handed to its queue after this, and only this finds it again. */
const isPressing = (event: Event): boolean => event.type === 'stage-waiting' && event.handle !== undefined;

/** Brings what was written to a file onto the disk. */
export interface Disk {
  /** Without waiting for it. */
  readonly flush: (file: number, done: () => void) => void;
  /** Before it returns. */
  readonly flushNow: (file: number) => void;
}

const system: Disk = { flush: fdatasync, flushNow: fdatasyncSync };

/** Events on their way into a file. */
export interface EventLog {
  readonly sink: EventSink;
  /** Writes and flushes what is still waiting, and ends the log: what happens later is not kept. */
  close(): void;
}

/**
 * Appends events to a file, many at a time: one write an event would cost more than a reused stage. How stages ended is
 * flushed, while the run goes on and as fast as the disk takes it; all is on the disk when the log is closed.
 *
 * @param path - path of the file, which is made
 * @param mode - permissions of a new file
 * @param disk - flushes files
 * @returns the log
 */
export function openEventLog(path: string, mode: number, disk: Disk = system): EventLog {
  const file = openSync(path, 'a', mode);
  const flusher = new Flusher(file, disk);
  let waiting = '';
  let isLasting = false;
  let isOpen = true;
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    waiting = append(file, waiting);
    if (isLasting) flusher.flush();
    isLasting = false;
  };
  return {
    sink: (event) => {
      // By then its number may be another file's.
      if (!isOpen) return;
      waiting += `${JSON.stringify(event)}\n`;
      isLasting ||= lasting.has(event.type) || isPressing(event);
      if (waiting.length >= writeAt || isPressing(event)) write();
      else timer ??= setTimeout(write, writeEvery);
    },
    close: () => {
      if (!isOpen) return;
      isLasting = false;
      write();
      isOpen = false;
      flusher.close();
    },
  };
}

/** Flushes one file, at most once at a time: who asks meanwhile is served by one more. */
class Flusher {
  readonly #file: number;
  readonly #disk: Disk;
  #busy = false;
  #again = false;
  #closed = false;

  constructor(file: number, disk: Disk) {
    this.#file = file;
    this.#disk = disk;
  }

  flush(): void {
    this.#again = this.#busy;
    if (this.#busy) return;
    this.#busy = true;
    this.#disk.flush(this.#file, () => {
      this.#busy = false;
      if (this.#closed) closeSync(this.#file);
      else if (this.#again) this.flush();
    });
  }

  /** Flushes before it returns; the file is closed once nothing uses it. */
  close(): void {
    this.#closed = true;
    try {
      this.#disk.flushNow(this.#file);
    } catch {
      // A disk that takes nothing more: the run says how it ended all the same.
    }
    if (!this.#busy) closeSync(this.#file);
  }
}

/** Writes text and returns what the disk had no room for: a full disk ends stages, but not the run that says so. */
function append(file: number, text: string): string {
  let rest = Buffer.from(text);
  try {
    while (rest.length) rest = rest.subarray(writeSync(file, rest));
  } catch {
    return rest.toString();
  }
  return '';
}
