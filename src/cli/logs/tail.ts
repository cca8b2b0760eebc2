import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';

/** A growing file, printed as it grows; a long one piece by piece, as fast as somebody reads. */
export class Tail {
  readonly #file: string;
  readonly #out: Writable;
  #offset = 0;

  constructor(file: string, out: Writable) {
    this.#file = file;
    this.#out = out;
  }

  /** Prints what is new; false when there is no such file or nothing new in it. */
  async print(): Promise<boolean> {
    const start = this.#offset;
    try {
      const pieces: AsyncIterable<Buffer> = createReadStream(this.#file, { start, highWaterMark: 1 << 16 });
      for await (const piece of pieces) {
        this.#offset += piece.length;
        if (!this.#out.write(piece) && !(await drained(this.#out))) break;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    return this.#offset > start;
  }
}

/** Waits until a stream takes more; false where its reader has gone. */
function drained(stream: Writable): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (takesMore: boolean) => {
      stream.off('drain', onDrain).off('error', onError).off('close', onError);
      resolve(takesMore);
    };
    const onDrain = () => settle(true);
    const onError = () => settle(false);
    stream.on('drain', onDrain).on('error', onError).on('close', onError);
  });
}
