import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A repository's settings may name programs: its hooks, and a monitor of its files. None of them is started. */
const quiet = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false'];

/**
 * Asks git about a repository, which may be of somebody else: nothing in it is started or written.
 *
 * @param folder - any folder
 * @param words - of the command, without `git`
 * @returns what it writes
 * @throws Error when there is no git, or it ends with another code than 0
 */
export async function askGit(folder: string, ...words: readonly string[]): Promise<string> {
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
  const { stdout } = await execute('git', [...quiet, ...words], { cwd: folder, env });
  return stdout;
}
