import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Digest } from '../../core/plan.ts';
import { sha256 } from '../../fingerprint/digest.ts';
import { writeWhole } from '../../util/write-whole.ts';
import { byCodeUnits } from '../../util/text.ts';
import type { FileState } from './list-folder.ts';
import { namesIn } from './names-in.ts';

/** A file's digest, and the state that it had then. */
export interface Remembered {
  readonly size: number;
  /** Times of the last change of content and of inode, milliseconds. */
  readonly modified: number;
  readonly changed: number;
  readonly inode: number;
  readonly digest: Digest;
  /** False where the file was so young that it could have changed again without any sign; git calls this racy. */
  readonly trusted: boolean;
}

/**
 * A file is trusted when its last change lies back this far: more than any file system's clock tick, which is a second or
 * two on some (FAT, HFS+, old ext4 and NFS). Milliseconds.
 */
const young = 2000;

/**
 * Takes note of a digest.
 *
 * @param stats - the file's state before it was read
 * @param digest - of its bytes
 * @param now - when it was read, in milliseconds since the Unix epoch
 * @returns what to remember
 */
export function rememberStats(stats: FileState, digest: Digest, now: number): Remembered {
  const { size, mtimeMs, ctimeMs, ino } = stats;
  return {
    size,
    modified: mtimeMs,
    changed: ctimeMs,
    inode: ino,
    digest,
    trusted: now - Math.max(mtimeMs, ctimeMs) > young,
  };
}

/**
 * Tells whether a remembered digest is still right.
 *
 * @param known - what was remembered
 * @param stats - the file's state now
 * @returns true when it need not be read
 */
export function isUnchanged(known: Remembered, stats: FileState): boolean {
  return (
    known.trusted &&
    known.size === stats.size &&
    known.modified === stats.mtimeMs &&
    known.changed === stats.ctimeMs &&
    known.inode === stats.ino
  );
}

const fileForm = /^[0-9a-f]{32}$/;
const fileOf = (folder: string, source: string): string => join(folder, sha256(source).slice(0, 32));

const checksumText = (sum: number): string => sum.toString(16).padStart(8, '0');

type Row = readonly [path: string, size: number, modified: number, changed: number, inode: number, digest: Digest];

/** Bytes of a checksum and the end of its line. */
const HEAD = 9;
const NEWLINE = 10;
/** Characters of rows that are collected before they become bytes. */
const PIECE = 2 ** 20;

/** What is remembered of the files of a source, sorted by their paths; rows are read out of the file's bytes when they are asked for. */
export class SourceCache implements Iterable<readonly [path: string, known: Remembered]> {
  readonly #body: Buffer;
  /** Files that are remembered. */
  readonly size: number;

  /**
   * Takes the rows of a cache.
   *
   * @param body - one row a line
   */
  constructor(body: Buffer) {
    this.#body = body;
    let lines = 0;
    for (let at = body.indexOf(NEWLINE); at >= 0; at = body.indexOf(NEWLINE, at + 1)) lines++;
    this.size = lines;
  }

  *[Symbol.iterator](): Generator<readonly [path: string, known: Remembered], undefined> {
    let start = 0;
    for (let end = this.#body.indexOf(NEWLINE); end >= 0; end = this.#body.indexOf(NEWLINE, start)) {
      const row = JSON.parse(this.#body.toString('utf8', start, end)) as Row;
      const [path, size, modified, changed, inode, digest] = row;
      yield [path, { size, modified, changed, inode, digest, trusted: true }];
      start = end + 1;
    }
    return undefined;
  }

  /**
   * Looks files up, one after the other.
   *
   * @returns what is remembered of a path, each greater than the one before
   */
  lookUp(): (path: string) => Remembered | undefined {
    const rows = this[Symbol.iterator]();
    let row = rows.next().value;
    return (path) => {
      while (row && byCodeUnits(row[0], path) < 0) row = rows.next().value;
      return row?.[0] === path ? row[1] : undefined;
    };
  }
}

/** Rows of a cache that is being made. */
export class CacheRows {
  readonly #parts: Buffer[] = [];
  #pending = '';

  /**
   * Adds a file; one whose digest is not trusted is left out.
   *
   * @param path - relative to the source; greater than those before
   * @param known - what to remember
   */
  add(path: string, { size, modified, changed, inode, digest, trusted }: Remembered): void {
    if (!trusted) return;
    this.#pending += `${JSON.stringify([path, size, modified, changed, inode, digest] satisfies Row)}\n`;
    if (this.#pending.length >= PIECE) this.#settle();
  }

  #settle(): void {
    this.#parts.push(Buffer.from(this.#pending));
    this.#pending = '';
  }

  /**
   * All rows as a file.
   *
   * @returns its bytes, in parts
   */
  file(): readonly Buffer[] {
    this.#settle();
    const sum = this.#parts.reduce((before, part) => crc32(part, before), 0);
    return [Buffer.from(`${checksumText(sum)}\n`), ...this.#parts];
  }
}

/**
 * Reads what is remembered of a source. Only a cache: one that is missing or damaged is empty.
 *
 * @param folder - the folder of caches
 * @param source - absolute path of the source
 * @returns trusted digests by path relative to the source
 */
export function readSourceCache(folder: string, source: string): SourceCache {
  try {
    const bytes = readFileSync(fileOf(folder, source));
    const body = bytes.subarray(HEAD);
    if (bytes.toString('latin1', 0, HEAD) === `${checksumText(crc32(body))}\n`) return new SourceCache(body);
  } catch {
    // It is not there.
  }
  return new SourceCache(Buffer.alloc(0));
}

/**
 * Remembers the digests of a source, in one rename. A disk that does not take it only makes the next look slower.
 *
 * @param folder - the folder of caches; made when missing
 * @param source - absolute path of the source
 * @param rows - digests of its files
 */
export function writeSourceCache(folder: string, source: string, rows: CacheRows): void {
  try {
    writeWhole(fileOf(folder, source), rows.file());
  } catch {
    // Full or read-only.
  }
}

/**
 * Forgets all digests: every source is read again.
 *
 * @param folder - the folder of caches
 */
export function forgetSourceCaches(folder: string): void {
  for (const name of namesIn(folder)) if (fileForm.test(name)) rmSync(join(folder, name), { force: true });
}
