import { createHash, hash } from 'node:crypto';
import type { Digest } from '../core/plan.ts';
import { byCodeUnits } from '../util/text.ts';
import { canonical } from './canonical.ts';

/**
 * Digests bytes at once.
 *
 * @param content - bytes, or a text whose UTF-8 is meant
 * @returns SHA-256, 64 lower-case hexadecimal digits
 */
export function sha256(content: string | Uint8Array): Digest {
  return hash('sha256', content, 'hex');
}

/** Characters that are collected before they are digested. */
const PIECE = 2 ** 16;

/** A file in a folder: its path with `/` between the parts, relative to the folder, and the SHA-256 of its bytes. */
export interface DigestedFile {
  readonly path: string;
  readonly digest: Digest;
}

/** What of a folder counts: sorted pairs of path and digest. An empty folder is its path with `/` after it, without a digest. */
export type FolderListing = readonly (readonly [path: string, digest: Digest])[];

/**
 * Stands in a list of files for a folder in which nothing is: a program that lists its input sees it.
 *
 * @param path - relative to the listed folder
 * @returns what is listed, under a path that no file has
 */
export function emptyFolder(path: string): DigestedFile {
  return { path: `${path}/`, digest: '' };
}

/**
 * Lists what of a folder counts: files and empty folders. Times, owners and modes do not, and a link is what it leads to.
 *
 * @param files - all files and empty folders below it, in any order
 * @returns them, sorted by the paths' code units
 */
export function folderListing(files: Iterable<DigestedFile>): FolderListing {
  const pairs = Array.from(files, ({ path, digest }) => [path, digest] as const);
  return pairs.sort(([a], [b]) => byCodeUnits(a, b));
}

/** Digests a folder: SHA-256 of the canonical text of its listing, which is never there as a whole. */
export class ListingDigest {
  readonly #sum = createHash('sha256');
  #pending = '';
  #started = false;

  /**
   * Adds a pair of the listing.
   *
   * @param path - relative to the folder; greater than those before
   * @param digest - of the file; empty for an empty folder
   */
  add(path: string, digest: Digest): void {
    this.#pending += `${this.#started ? ',' : '['}${canonical([path, digest])}`;
    this.#started = true;
    if (this.#pending.length < PIECE) return;
    this.#sum.update(this.#pending);
    this.#pending = '';
  }

  /**
   * Ends it.
   *
   * @returns the folder's digest
   */
  digest(): Digest {
    return this.#sum.update(`${this.#pending}${this.#started ? '' : '['}]`).digest('hex');
  }
}

/**
 * Digests a folder.
 *
 * @param files - all files and empty folders below it, in any order
 * @returns the folder's digest
 */
export function folderDigest(files: Iterable<DigestedFile>): Digest {
  const sum = new ListingDigest();
  for (const [path, digest] of folderListing(files)) sum.add(path, digest);
  return sum.digest();
}
