import { join } from 'node:path';
import type { Digest } from '../../core/plan.ts';
import { digestPath } from './digest-path.ts';
import { parts } from '../layout.ts';

/**
 * Digests files and folders outside the store, and remembers the digests in the store's `.sources/`.
 *
 * @param root - the store's root
 * @returns what digests the content of an absolute path; rejects with `missing-source` when nothing is there
 */
export function sourceDigester(root: string): (path: string) => Promise<Digest> {
  const folder = join(root, parts.sources);
  return (path) => digestPath(path, folder);
}
