import { existsSync, readFileSync } from 'node:fs';
import { askGit } from '../../util/git.ts';
import { writeWhole } from '../../util/write-whole.ts';

/** Lines that keep `runs/` out of a repository. */
const ignores = /^\/?runs\/?\*{0,2}$/;

/**
 * Adds what to ignore to the text of a .gitignore.
 *
 * @param text - of the file; empty for one that is not there
 * @returns the text with `runs/`; the same where it is there
 */
export function withRuns(text: string): string {
  const lines = text.split(/\r?\n/);
  if (lines.some((line) => ignores.test(line.trim()))) return text;
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  return `${text}${text === '' || text.endsWith('\n') ? '' : end}runs/${end}`;
}

/**
 * Writes `runs/` into the current folder's .gitignore, unless git ignores it already.
 *
 * @returns true where the file was changed
 */
export async function ignoreRuns(): Promise<boolean> {
  try {
    await askGit('.', 'check-ignore', '-q', 'runs/pipeline/run');
    return false;
  } catch {
    // Not ignored, or no repository: who makes one later has the line.
  }
  const before = existsSync('.gitignore') ? readFileSync('.gitignore', 'utf8') : '';
  const after = withRuns(before);
  if (after === before) return false;
  writeWhole('.gitignore', after);
  return true;
}
