import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { foldersOf } from './folders.ts';

/** Whether a folder belongs to who asks: what others put above, in /tmp say, is not trusted. */
function isOwn(folder: string): boolean {
  const user = process.getuid?.();
  return user === undefined || statSync(folder).uid === user;
}

/**
 * Finds the workspace that a folder belongs to: the nearest folder with results, the folder itself or one above it, as
 * far up as its git repository reaches, or the home folder.
 *
 * @param folder - where kdpipe was called
 * @param home - the user's home folder
 * @returns absolute path of the workspace: the folder itself where there are no results yet
 */
export function findWorkspace(folder: string, home = homedir()): string {
  const start = resolve(folder);
  for (let at = start; ; at = dirname(at)) {
    const { store } = foldersOf(at);
    if (existsSync(store) && isOwn(store)) return at;
    const isEnd = existsSync(join(at, '.git')) || at === home || dirname(at) === at;
    if (isEnd) return start;
  }
}
