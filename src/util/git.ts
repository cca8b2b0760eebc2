import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A repository's settings may name programs: its hooks, and a monitor of its files. None of them is started. */
const quiet: readonly string[] = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false'];

/**
 * Asks git about a repository, which may be of somebody else: nothing in it is started or written, and what it lacks is
 * fetched from nowhere.
 *
 * @param folder - any folder
 * @param words - of the command, without `git`
 * @returns what it writes
 * @throws Error when there is no git, or it ends with another code than 0
 */
export async function askGit(folder: string, ...words: readonly string[]): Promise<string> {
  // A partial clone would ask its remote, by a program of the repository's choice, for what it lacks.
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' };
  const { stdout } = await execute('git', [...quiet, ...words], { cwd: folder, env });
  return stdout;
}

/**
 * Options by which git starts none of the programs through which a repository would have the content of files read
 * (`filter.<name>.clean`, `.process`): the files are compared as they lie there. Filters of the user's own settings stay.
 *
 * @param folder - a folder of the repository
 * @returns options for {@link askGit}, before the command
 * @throws Error for a filter whose name no option can hold
 */
export async function withoutFilters(folder: string): Promise<readonly string[]> {
  const listed = ['config', '--show-scope', '--name-only', '-z', '--get-regexp', String.raw`^filter\..*\.`];
  // 1: there are none.
  const said = await askGit(folder, ...listed).catch((error: unknown) => {
    if ((error as { readonly code?: unknown }).code === 1) return '';
    throw error;
  });
  const fields = said.split('\0');
  const own = fields.filter((_, at) => ['local', 'worktree'].includes(fields[at - 1] ?? '') && at % 2 === 1);
  const names = new Set(own.map((key) => key.slice(0, key.lastIndexOf('.'))));
  return [...names].flatMap((name) => {
    if (/[=\n]/.test(name)) throw new Error(`the repository's ${name} cannot be switched off`);
    return ['clean=', 'process=', 'required=false'].flatMap((setting) => ['-c', `${name}.${setting}`]);
  });
}
