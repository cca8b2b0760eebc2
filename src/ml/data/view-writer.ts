import { open, writeFile, type FileHandle } from 'node:fs/promises';
import type { RgbImage } from '../augment/image.ts';

/** Bytes that are collected before they are written. */
const CHUNK = 4 * 2 ** 20;

/** Writes one view of one split: pixels appended to one file, an index of (offset, height, width) to another. */
export class ViewWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #index: number[] = [];
  #offset = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Creates both files.
   *
   * @param path - absolute, `<folder>/<split>.<view>`
   * @returns the writer; close it
   */
  static async create(path: string): Promise<ViewWriter> {
    return new ViewWriter(path, await open(`${path}.pixels`, 'w'));
  }

  /**
   * Appends an image.
   *
   * @param image - kept until it is written: don't change its pixels
   */
  async add({ pixels, height, width }: RgbImage): Promise<void> {
    this.#index.push(this.#offset, height, width);
    this.#offset += pixels.length;
    this.#pending.push(pixels);
    this.#pendingBytes += pixels.length;
    if (this.#pendingBytes >= CHUNK) await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#file.appendFile(Buffer.concat(this.#pending));
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  /** Writes what is left, and the index. */
  async finish(): Promise<void> {
    await this.#flush();
    await writeFile(`${this.#path}.index`, Buffer.from(Float64Array.from(this.#index).buffer));
  }

  /** Closes the file, finished or not. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}
