import { normalize } from 'node:path/posix';
import { isList } from '../../core/json.ts';
import type { Value, ValueObject } from '../../core/plan.ts';
import type { MentionedPath } from '../stage-kind.ts';

/** A word of the command, and the parameter in which it stands. */
interface Word {
  readonly text: string;
  readonly param: readonly (string | number)[];
}

function wordsOfRun(value: Value | undefined, param: readonly (string | number)[]): readonly Word[] {
  if (typeof value === 'string') return [{ text: value, param }];
  return isList(value) ? value.flatMap((item, at) => wordsOfRun(item, [...param, at])) : [];
}

/** Words of a shell's text, as far as they stand for themselves; not what it writes into. */
function wordsOfShell(text: string): readonly Word[] {
  return text
    .replaceAll(/\d*>+[&|]?\s*[^\s;&|()]+/g, ' ')
    .split(/[\s;&|()<>`"']+/)
    .map((word) => ({ text: word, param: ['shell'] }));
}

/** The path that a word may be: an argument, the value of an option, or a module that Python is to run. */
function pathIn(word: string, before: string | undefined): string | undefined {
  if (before === '-m' && /^[A-Za-z_][\w.]*$/.test(word)) return `${word.replaceAll('.', '/')}.py`;
  const path = /^(?:-{1,2}[\w-]+|\w+)=(.+)$/.exec(word)?.[1] ?? word;
  return path.startsWith('-') || !/[A-Za-z_]/.test(path) || /[$*?{}~\n\0]/.test(path) ? undefined : path;
}

/**
 * Paths that a command's words may be: whoever can look finds out which of them are files that were meant as inputs.
 *
 * @param params - of the cell
 * @returns the paths, relative to where kdpipe was called, or absolute
 */
export function mentions(params: ValueObject): readonly MentionedPath[] {
  const { run, shell, cwd = '.' } = params;
  if (typeof cwd !== 'string') return [];
  const words = typeof shell === 'string' ? wordsOfShell(shell) : wordsOfRun(run, ['run']);
  return words.flatMap(({ text, param }, at) => {
    const path = pathIn(text, words[at - 1]?.text);
    // A program without a folder is looked for in PATH.
    if (path === undefined || (at === 0 && !path.includes('/'))) return [];
    return [{ path: path.startsWith('/') ? path : normalize(`${cwd}/${path}`), word: text, param }];
  });
}
