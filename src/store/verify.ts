import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError, type Failure } from '../core/failure.ts';
import type { Key } from '../core/plan.ts';
import { digestFile } from './files/digest-file.ts';
import { entryPath, manifestName } from './layout.ts';
import { listFolder, type ListedFile } from './files/list-folder.ts';
import { unknownFiles } from './damage.ts';
import { parseManifest, type ManifestFiles } from './manifest.ts';
import type { Store } from './store.ts';

/** Something wrong with an entry. */
export interface StoreProblem extends Failure {
  readonly key: Key;
}

const fix = 'remove the folder, or run the stage with --force: it is made anew';

/** Compares one listed file with what is there. */
async function checkFile(
  entry: string,
  listed: ManifestFiles[number],
  found: ListedFile | undefined,
): Promise<Failure | undefined> {
  const { path, size, digest } = listed;
  const place = { file: join(entry, path) };
  if (!found) return { code: 'missing-file', message: `${path} is missing`, place, fix };
  const actual = found.stats.size;
  if (actual !== size)
    return { code: 'wrong-size', message: `${path} has ${actual} bytes`, expected: `${size} bytes`, place, fix };
  const content = await digestFile(place.file, size);
  if (content === digest) return undefined;
  return {
    code: 'changed-file',
    message: `the content of ${path} has changed: its SHA-256 is ${content}`,
    expected: digest,
    place,
    fix,
  };
}

function unknownFile(entry: string, path: string): Failure {
  return {
    code: 'unknown-file',
    message: `${path} is no part of the result`,
    place: { file: join(entry, path) },
    expected: 'only files that the manifest lists',
    fix: 'remove the file',
  };
}

async function* checkEntry(entry: string, key: Key): AsyncGenerator<Failure> {
  const file = join(entry, manifestName);
  const manifest = existsSync(file) ? parseManifest(readFileSync(file, 'utf8'), key) : undefined;
  if (!manifest) {
    const message = existsSync(file) ? 'the manifest is damaged' : 'there is no manifest';
    yield { code: 'invalid-manifest', message, place: { file }, expected: `a manifest of ${key}`, fix };
    return;
  }
  const found = listFolder(entry, 'closed').files;
  const byPath = new Map(found.map((one) => [one.path, one]));
  for (const listed of manifest.files) {
    const problem = await checkFile(entry, listed, byPath.get(listed.path));
    if (problem) yield problem;
  }
  for (const path of unknownFiles(manifest.files, found)) yield unknownFile(entry, path);
}

/**
 * Reads entries in full and compares them with their manifests: every byte digested, nothing missing, nothing unknown.
 *
 * @param store - the store
 * @param keys - which entries; all by default
 * @returns problems, as they are found
 */
export async function* verify(store: Store, keys: readonly Key[] = store.keys()): AsyncGenerator<StoreProblem> {
  for (const key of keys) {
    try {
      for await (const problem of checkEntry(entryPath(store.root, key), key)) yield { ...problem, key };
    } catch (error) {
      // Links that lead nowhere, special files.
      if (!(error instanceof FailureError)) throw error;
      for (const failure of error.failures) yield { ...failure, key };
    }
  }
}
