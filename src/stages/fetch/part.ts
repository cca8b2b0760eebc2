import { createReadStream, readFileSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../util/write-whole.ts';
import { Sums } from './checksums.ts';

/** What a server says of a file. */
export interface Marks {
  /** Its version: a strong ETag or a time of last change; none where it gave neither. */
  readonly version: string | undefined;
  /** How it is packed, or is on the way; see `packingOf`. */
  readonly packing: string | undefined;
}

const unmarked: Marks = { version: undefined, packing: undefined };

/** The beginning of a file that is being downloaded: it outlives the process, and its checksums grow with it. */
export class Part {
  readonly #path: string;
  readonly #notePath: string;
  readonly #file: FileHandle;
  #marks = unmarked;
  #size = 0;
  #sums = new Sums();

  private constructor(folder: string, file: FileHandle) {
    this.#path = join(folder, 'part');
    this.#notePath = join(folder, 'part.json');
    this.#file = file;
  }

  /**
   * Opens what an earlier attempt left behind.
   *
   * @param folder - where it lies; survives a kill
   * @param signal - aborted to stop reading it
   * @returns the part, empty where nothing usable is there
   */
  static async open(folder: string, signal: AbortSignal): Promise<Part> {
    const part = new Part(folder, await open(join(folder, 'part'), 'a+'));
    try {
      await part.#readAgain(signal);
      return part;
    } catch (error) {
      await part.close();
      throw error;
    }
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#size;
  }

  /** What the server said of the file that they are of. */
  get marks(): Marks {
    return this.#marks;
  }

  /** Checksums of the bytes. */
  get sums(): Sums {
    return this.#sums;
  }

  /** Where they stand. */
  get path(): string {
    return this.#path;
  }

  /**
   * Throws away what is there, for a file from its first byte on.
   *
   * @param marks - what the server says of the file that follows
   */
  async restart(marks: Marks = unmarked): Promise<void> {
    // In this order: bytes never stand beside the marks of another file.
    await this.#file.truncate(0);
    this.#size = 0;
    this.#sums = new Sums();
    this.#marks = marks;
    writeWhole(this.#notePath, JSON.stringify(marks));
  }

  /**
   * Adds bytes at the end.
   *
   * @param bytes - what follows
   */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.appendFile(bytes);
    this.#count(bytes);
  }

  /** Closes the file; what is there stays. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #readAgain(signal: AbortSignal): Promise<void> {
    const marks = marksIn(this.#notePath);
    const { size } = await stat(this.#path);
    if (size === 0) return;
    if (!marks) return this.restart();
    this.#marks = marks;
    for await (const bytes of createReadStream(this.#path, { signal, highWaterMark: 2 ** 20 }))
      this.#count(bytes as Buffer);
  }

  #count(bytes: Uint8Array): void {
    this.#size += bytes.length;
    this.#sums.update(bytes);
  }
}

/** What was noted of the bytes that are there; undefined where the note cannot be read, and so vouches for nothing. */
function marksIn(path: string): Marks | undefined {
  try {
    const { version, packing } = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<keyof Marks, unknown>>;
    const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
    return { version: text(version), packing: text(packing) };
  } catch {
    return undefined;
  }
}
