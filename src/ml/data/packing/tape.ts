import { open, type FileHandle } from 'node:fs/promises';
import { ResumableSha256, type Sha256State } from '../../../util/resumable-sha256.ts';

/** Bytes that are collected before they are written. */
const CHUNK = 4 * 2 ** 20;

/** How far a tape is, so that another process can go on behind it. */
export interface TapeMark {
  /** Bytes. */
  readonly length: number;
  /** Of a tape that keeps nothing but the digest. */
  readonly sha256?: Sha256State;
}

/** What bytes are appended to, which can be left and taken up again at a mark. */
export interface Tape {
  /** Bytes appended so far. */
  readonly length: number;
  /**
   * Appends.
   *
   * @param bytes - kept until they are written: don't change them
   */
  append(bytes: Uint8Array): void;
  /** Writes what is collected, where it is much. */
  settle(): Promise<void>;
  /**
   * Brings everything to the disk.
   *
   * @returns where another one goes on, whatever happens to this process
   */
  mark(): Promise<TapeMark>;
  close(): Promise<void>;
}

/** A file. */
export class FileTape implements Tape {
  readonly #file: FileHandle;
  #written: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  private constructor(file: FileHandle, written: number) {
    this.#file = file;
    this.#written = written;
  }

  /**
   * Opens a file; what is behind the mark is cut off.
   *
   * @param path - absolute; created where missing
   * @param mark - where to go on; the beginning by default
   * @returns the tape; close it
   */
  static async open(path: string, { length }: TapeMark = { length: 0 }): Promise<FileTape> {
    const file = await open(path, length === 0 ? 'w' : 'r+');
    if (length > 0) await file.truncate(length);
    return new FileTape(file, length);
  }

  get length(): number {
    return this.#written + this.#pendingBytes;
  }

  append(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  async settle(): Promise<void> {
    if (this.#pendingBytes >= CHUNK) await this.#write();
  }

  async #write(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#written);
      done += bytesWritten;
      this.#written += bytesWritten;
    }
  }

  async mark(): Promise<TapeMark> {
    await this.#write();
    await this.#file.datasync();
    return { length: this.#written };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** The digest that a file of these bytes would have, without the file. */
export class DigestTape implements Tape {
  readonly #sum: ResumableSha256;

  /**
   * Begins, or goes on.
   *
   * @param mark - where to go on
   */
  constructor(mark?: TapeMark) {
    this.#sum = new ResumableSha256(mark?.sha256);
  }

  get length(): number {
    return this.#sum.length;
  }

  append(bytes: Uint8Array): void {
    this.#sum.update(bytes);
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  mark(): Promise<TapeMark> {
    return Promise.resolve({ length: this.length, sha256: this.#sum.state() });
  }

  /**
   * SHA-256 of all bytes.
   *
   * @returns 64 lower-case hexadecimal digits
   */
  digest(): string {
    return this.#sum.digest();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
