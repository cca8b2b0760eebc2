import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** What is read at once, of whatever file: thousands of them are read each second. */
const buffer = Buffer.alloc(1 << 16);

const lineFeed = 0x0a;

/** A file of lines that grows: each look gives what has come since the last. */
export class LineTail {
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
   * @param onLine - takes every new line that is whole
   * @throws the system's error where the file cannot be read
   */
  read(onLine: (line: string) => void): void {
    const file = openSync(this.#path, 'r');
    try {
      for (let bytes = buffer.length; bytes === buffer.length;) {
        bytes = readSync(file, buffer, 0, buffer.length, this.#offset);
        const read = buffer.subarray(0, bytes);
        const end = read.lastIndexOf(lineFeed);
        if (end >= 0) this.#whole = this.#offset + end + 1;
        this.#offset += bytes;
        const lines = `${this.#rest}${this.#decoder.write(read)}`.split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      }
    } finally {
      closeSync(file);
    }
  }
}
