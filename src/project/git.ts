import { askGit, withoutFilters } from '../util/git.ts';

/** Whether tracked files differ; what lies in submodules is theirs, and is asked of git with their settings. */
const changes = ['status', '--porcelain', '--untracked-files=no', '--ignore-submodules=dirty', '--no-renames'];

/**
 * The commit that a folder is at, for the record.
 *
 * @param folder - any folder
 * @returns 12 digits of the commit, followed by `-dirty` when tracked files differ from it; null outside a repository
 */
export async function commitOf(folder: string): Promise<string | null> {
  try {
    const [commit, options] = await Promise.all([
      askGit(folder, 'rev-parse', '--verify', '--short=12', 'HEAD'),
      withoutFilters(folder),
    ]);
    const changed = await askGit(folder, ...options, ...changes);
    return `${commit.trim()}${changed === '' ? '' : '-dirty'}`;
  } catch {
    return null;
  }
}
