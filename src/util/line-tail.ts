import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** What is read at once, of whatever file: thousands of them are read each second. */
const buffer = Buffer.alloc(1 << 16);

/** A file of lines that grows: each look gives what has come since the last. */
export class LineTail {
  readonly #path: string;
  readonly #decoder = new StringDecoder('utf8');
  #offset = 0;
  #rest = '';

  /** @param path - of the file; it may not be there yet */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads on.
   *
   * @param onLine - takes every new line that is whole
   * @throws the system's error where the file cannot be read
   */
  read(onLine: (line: string) => void): void {
    const file = openSync(this.#path, 'r');
    try {
      for (let bytes = buffer.length; bytes === buffer.length;) {
        bytes = readSync(file, buffer, 0, buffer.length, this.#offset);
        this.#offset += bytes;
        const lines = `${this.#rest}${this.#decoder.write(buffer.subarray(0, bytes))}`.split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      }
    } finally {
      closeSync(file);
    }
  }
}
