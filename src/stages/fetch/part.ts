import { createHash, type Hash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { open, rename, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../util/write-whole.ts';

/** Checksums by algorithm, in lower case. */
export type Checksums = Readonly<Partial<Record<'md5' | 'sha256', string>>>;

/** Bytes that a file on disk begins with, and which version of the remote file they are of. */
interface Kept {
  /** The server's mark of the version: a strong ETag or a time of last change; none where it gave neither. */
  readonly version: string | undefined;
}

/** The beginning of a file that is being downloaded: it outlives the process, and its checksums grow with it. */
export class Part {
  readonly #path: string;
  readonly #notePath: string;
  readonly #file: FileHandle;
  #version: string | undefined;
  #size = 0;
  #sums: Readonly<Record<'md5' | 'sha256', Hash>> = sums();

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

  /** The version that they are of, as the server marked it. */
  get version(): string | undefined {
    return this.#version;
  }

  /**
   * Throws away what is there, for a file from its first byte on.
   *
   * @param version - the server's mark of the file that follows
   */
  async restart(version: string | undefined): Promise<void> {
    // In this order: bytes never stand beside the mark of another version.
    await this.#file.truncate(0);
    this.#size = 0;
    this.#sums = sums();
    this.#version = version;
    writeWhole(this.#notePath, JSON.stringify({ version } satisfies Kept));
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

  /**
   * Compares with the checksums that are wanted.
   *
   * @param wanted - by algorithm
   * @returns the first that differs; undefined where all agree
   */
  mismatch(wanted: Checksums): { readonly name: string; readonly got: string; readonly expected: string } | undefined {
    for (const name of ['md5', 'sha256'] as const) {
      const expected = wanted[name];
      const got = this.#sums[name].copy().digest('hex');
      if (expected !== undefined && got !== expected) return { name, got, expected };
    }
    return undefined;
  }

  /**
   * Moves the finished file away.
   *
   * @param path - where to, on the same disk
   */
  async moveTo(path: string): Promise<void> {
    await this.close();
    await rename(this.#path, path);
  }

  /** Closes the file; what is there stays. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #readAgain(signal: AbortSignal): Promise<void> {
    const version = versionIn(this.#notePath);
    const { size } = await stat(this.#path);
    if (size === 0) return;
    if (version === 'unknown') return this.restart(undefined);
    this.#version = version.version;
    for await (const bytes of createReadStream(this.#path, { signal, highWaterMark: 2 ** 20 }))
      this.#count(bytes as Buffer);
  }

  #count(bytes: Uint8Array): void {
    this.#size += bytes.length;
    this.#sums.md5.update(bytes);
    this.#sums.sha256.update(bytes);
  }
}

const sums = () => ({ md5: createHash('md5'), sha256: createHash('sha256') });

/** What was noted of the bytes that are there; a note that cannot be read vouches for nothing. */
function versionIn(path: string): Kept | 'unknown' {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as { readonly version?: unknown };
    return { version: typeof note.version === 'string' ? note.version : undefined };
  } catch {
    return 'unknown';
  }
}
