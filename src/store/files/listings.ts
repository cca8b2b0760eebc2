import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../core/plan.ts';
import { canonical } from '../../fingerprint/canonical.ts';
import { sha256, type FolderListing } from '../../fingerprint/digest.ts';
import { isKey } from '../layout.ts';
import { writeWhole } from '../../util/write-whole.ts';
import { statIfPresent } from './stat-if-present.ts';

/** A folder of more files has no listing: then it is only said that it changed. */
export const mostFiles = 20_000;
/** The newest that are kept. */
const mostKept = 64;

const fileOf = (folder: string, digest: Digest): string => join(folder, 'listings', digest);

/**
 * Keeps what a folder held under its digest, so that a later state can be compared with it file by file. A disk that does
 * not take it only makes messages shorter.
 *
 * @param folder - the folder of caches
 * @param listing - what the folder holds
 */
export function keepListing(folder: string, listing: FolderListing): void {
  const text = canonical(listing);
  const file = fileOf(folder, sha256(text));
  if (statIfPresent(file)) return;
  try {
    writeWhole(file, text);
    dropOldest(join(folder, 'listings'));
  } catch {
    // Full or read-only.
  }
}

function dropOldest(folder: string): void {
  const names = readdirSync(folder).filter(isKey);
  if (names.length <= mostKept) return;
  const byAge = names
    .map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of byAge.slice(mostKept)) rmSync(path, { force: true });
}

/**
 * Finds out what a folder held.
 *
 * @param folder - the folder of caches
 * @param digest - of the folder
 * @returns its listing; undefined where none is kept, and for the digest of a file
 */
export function readListing(folder: string, digest: Digest): FolderListing | undefined {
  try {
    const text = readFileSync(fileOf(folder, digest), 'utf8');
    return sha256(text) === digest ? (JSON.parse(text) as FolderListing) : undefined;
  } catch {
    return undefined;
  }
}
