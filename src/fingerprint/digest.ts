import { hash } from 'node:crypto';
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

/** A file in a folder: its path with `/` between the parts, relative to the folder, and the SHA-256 of its bytes. */
export interface DigestedFile {
  readonly path: string;
  readonly digest: Digest;
}

/**
 * Digests a folder: SHA-256 of the canonical list of (path, digest), sorted by the paths' code units. Empty folders,
 * times, owners and modes do not count.
 *
 * @param files - all files below the folder, in any order
 * @returns the folder's digest
 */
export function folderDigest(files: Iterable<DigestedFile>): Digest {
  const pairs = Array.from(files, ({ path, digest }) => [path, digest] as const);
  return sha256(canonical(pairs.sort(([a], [b]) => byCodeUnits(a, b))));
}
