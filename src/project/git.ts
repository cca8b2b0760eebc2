import { askGit } from '../util/git.ts';

/**
 * The commit that a folder is at, for the record.
 *
 * @param folder - any folder
 * @returns 12 digits of the commit, followed by `-dirty` when tracked files differ from it; null outside a repository
 */
export async function commitOf(folder: string): Promise<string | null> {
  try {
    const said = await askGit(folder, 'describe', '--always', '--abbrev=12', '--exclude=*', '--dirty');
    return said.trim() || null;
  } catch {
    return null;
  }
}
