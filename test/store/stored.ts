import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FailureError, type Failure } from '../../src/core/failure.ts';
import type { Key } from '../../src/core/plan.ts';
import type { DraftManifest, Entry, Store } from '../../src/store/store.ts';
import { draftManifest } from './made.ts';

export { draftManifest, keyOf } from './made.ts';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-store-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files, with the folders above them. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Makes and commits a result. */
export async function commit(
  store: Store,
  key: Key,
  files: Readonly<Record<string, string>> = { 'out.txt': `content of ${key}` },
  changes: Partial<DraftManifest> = {},
): Promise<Entry> {
  const draft = await store.draft(key);
  writeFiles(draft.path, files);
  return draft.commit(draftManifest(key, changes));
}

/** All paths below a folder, links included and not followed, sorted. */
export function pathsBelow(folder: string, prefix = ''): readonly string[] {
  if (!statSync(folder, { throwIfNoEntry: false })) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((item) => [
      prefix + item.name,
      ...(item.isDirectory() ? pathsBelow(join(folder, item.name), `${prefix}${item.name}/`) : []),
    ])
    .sort();
}

/** The failure that an action ends with. */
export async function failureOf(action: () => unknown): Promise<Failure | undefined> {
  try {
    await action();
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
  return undefined;
}

/** A signal that nobody aborts. */
export const never = new AbortController().signal;

/** For `onWait` of locks that are free. */
export const unexpected = (holder: string): never => {
  throw new Error(`did not expect to wait for ${holder}`);
};
