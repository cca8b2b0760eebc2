import { basename, dirname, resolve } from 'node:path';
import { fail } from '../core/failure.ts';
import { askGit } from '../util/git.ts';
import { plan, type PlannedPipeline, type SourceOptions } from './plan.ts';

/** A pipeline as its file was at a commit. */
export interface RevisedPipeline {
  readonly planned: PlannedPipeline;
  /** 12 digits of the commit. */
  readonly commit: string;
}

/** What git says to a question about the repository that holds a file; undefined where it says nothing. */
async function answer(folder: string, ...words: readonly string[]): Promise<string | undefined> {
  try {
    return await askGit(folder, ...words);
  } catch {
    return undefined;
  }
}

/**
 * Finds the commit that a text names.
 *
 * @param folder - a folder of the repository
 * @param revision - as git takes it: a commit, branch, tag, `HEAD~1`
 * @returns 12 digits of the commit; undefined where there is none, or no repository
 */
export async function commitNamed(folder: string, revision: string): Promise<string | undefined> {
  const asked = ['rev-parse', '--verify', '--quiet', '--short=12', '--end-of-options', `${revision}^{commit}`];
  return (await answer(folder, ...asked))?.trim();
}

/**
 * Plans a pipeline as its file was at a commit. Files that its stages read are those of the working folder as they are now.
 *
 * @param file - of the pipeline, as for {@link plan}
 * @param commit - as {@link commitNamed} gives it
 * @param options - as for {@link plan}
 * @returns the plan
 * @throws FailureError `no-revision` where the commit has no such file; with every problem of the file
 */
export async function planRevision(
  file: string,
  commit: string,
  options: SourceOptions = {},
): Promise<RevisedPipeline> {
  const path = resolve(options.cwd ?? '.', file);
  // `git show` may start programs of the repository's choice to show a file; this gives its bytes.
  const text = await answer(dirname(path), 'cat-file', 'blob', `${commit}:./${basename(path)}`);
  if (text === undefined)
    return fail({
      code: 'no-revision',
      message: `commit ${commit} has no file ${file}`,
      expected: 'a commit that holds the pipeline file',
      fix: `git log -- ${file} lists them`,
    });
  return { planned: await plan({ file, text }, options), commit };
}
