import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Event } from '../core/event.ts';
import { eventIn } from './event-form.ts';

/** Bytes that are read at once. */
const piece = 1 << 16;

const lineFeed = 0x0a;

/** A file of events that grows: each look gives what has come since the last. */
export class EventTail {
  readonly #path: string;
  readonly #decoder = new StringDecoder('utf8');
  #offset: number;
  #whole: number;
  #rest = '';

  /**
   * @param path - of the file; it may not be there yet
   * @param from - byte to begin at: 0, or the {@link position} of another
   */
  constructor(path: string, from = 0) {
    this.#path = path;
    this.#offset = from;
    this.#whole = from;
  }

  /** Bytes of whole lines that were read: where another can go on. */
  get position(): number {
    return this.#whole;
  }

  /**
   * Reads on.
   *
   * @param onEvent - takes every new event whose line is whole
   * @throws the system's error where the file cannot be read
   */
  read(onEvent: (event: Event) => void): void {
    const file = openSync(this.#path, 'r');
    try {
      const buffer = Buffer.alloc(piece);
      for (let bytes = piece; bytes > 0;) {
        bytes = readSync(file, buffer, 0, piece, this.#offset);
        const read = buffer.subarray(0, bytes);
        const end = read.lastIndexOf(lineFeed);
        if (end >= 0) this.#whole = this.#offset + end + 1;
        this.#offset += bytes;
        const lines = `${this.#rest}${this.#decoder.write(read)}`.split('\n');
        this.#rest = lines.pop() ?? '';
        for (const event of lines.flatMap((line) => eventIn(line) ?? [])) onEvent(event);
      }
    } finally {
      closeSync(file);
    }
  }
}
