import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * The commit that a folder is at, for the record.
 *
 * @param folder - any folder
 * @returns 12 digits of the commit, followed by `-dirty` when tracked files differ from it; null outside a repository
 */
export async function commitOf(folder: string): Promise<string | null> {
  try {
    const { stdout } = await execute('git', ['describe', '--always', '--abbrev=12', '--exclude=*', '--dirty'], {
      cwd: folder,
    });
    return stdout.trim() || null;
  } catch {
    return null;
  }
}
