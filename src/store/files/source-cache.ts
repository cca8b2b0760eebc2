import { readFileSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Digest } from '../../core/plan.ts';
import { sha256 } from '../../fingerprint/digest.ts';
import { writeWhole } from '../../util/write-whole.ts';
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
export function rememberStats(stats: Stats, digest: Digest, now: number): Remembered {
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
export function isUnchanged(known: Remembered, stats: Stats): boolean {
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

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');

type Row = readonly [path: string, size: number, modified: number, changed: number, inode: number, digest: Digest];

/**
 * Reads what is remembered of a source. Only a cache: one that is missing or damaged is empty.
 *
 * @param folder - the folder of caches
 * @param source - absolute path of the source
 * @returns trusted digests by path relative to the source
 */
export function readSourceCache(folder: string, source: string): ReadonlyMap<string, Remembered> {
  let text: string;
  try {
    text = readFileSync(fileOf(folder, source), 'utf8');
  } catch {
    return new Map();
  }
  const body = text.slice(9);
  if (text.slice(0, 8) !== checksum(body)) return new Map();
  const { rows } = JSON.parse(body) as { readonly rows: readonly Row[] };
  return new Map(
    rows.map(([path, size, modified, changed, inode, digest]) => [
      path,
      { size, modified, changed, inode, digest, trusted: true },
    ]),
  );
}

/**
 * Remembers the digests of a source, in one rename. A disk that does not take it only makes the next look slower.
 *
 * @param folder - the folder of caches; made when missing
 * @param source - absolute path of the source
 * @param files - digests by path relative to the source; those not trusted are left out
 */
export function writeSourceCache(
  folder: string,
  source: string,
  files: Iterable<readonly [path: string, known: Remembered]>,
): void {
  const rows: Row[] = [];
  for (const [path, { size, modified, changed, inode, digest, trusted }] of files)
    if (trusted) rows.push([path, size, modified, changed, inode, digest]);
  const body = JSON.stringify({ source, rows });
  try {
    writeWhole(fileOf(folder, source), `${checksum(body)}\n${body}`);
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
