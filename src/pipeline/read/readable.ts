import type { Failure } from '../../core/failure.ts';
import { DEEPEST } from '../source/value-size.ts';

/** A pipeline file as text. */
export interface Source {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
}

/** Largest pipeline file, in bytes of UTF-8. */
export const LARGEST = 1024 * 1024;

/** Most lines, and items of lists within them: each takes the parser a thousand times its length. */
const MOST_VALUES = 75_000;

/**
 * The failure for a file that is too large.
 *
 * @param file - its name
 * @param bytes - its size
 * @returns the failure
 */
export const tooLarge = (file: string, bytes: number): Failure => ({
  code: 'file-too-large',
  message: `the file has ${bytes} bytes`,
  place: { file },
  expected: `a pipeline of at most ${LARGEST} bytes`,
});

/** Most brackets that may be open at once, those of texts counted. */
const MOST_OPEN = 1000;

/** The most brackets that are open at once, and those that close nothing. */
function bracketsIn(text: string): { readonly open: number; readonly stray: number } {
  let [now, open, stray] = [0, 0, 0];
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    if (bracket === '[' || bracket === '{') open = Math.max(open, ++now);
    else if (now > 0) now--;
    else stray++;
  }
  return { open, stray };
}

/** Lines, items of flow lists and mappings, and lists and mappings that begin within a line: `- - a`, `a: - b`, `? ? a`. */
const VALUES = /[,[{\n]|[-?:] +(?=[-?:] )/g;

/**
 * The failure for a file that nobody can read.
 *
 * @param file - its name
 * @returns the failure
 */
export const tooDeep = (file: string): Failure => ({
  code: 'too-deep',
  message: 'the file is nested too deeply to be read',
  place: { file },
  expected: `at most ${DEEPEST} levels`,
});

/**
 * Finds what is wrong with a file before YAML is parsed: it may be too much for the parser.
 *
 * @param source - the file
 * @param source.file - its name
 * @param source.text - its text
 * @returns the problem; undefined where it can be parsed
 */
export function unreadable({ file, text }: Source): Failure | undefined {
  const place = { file };
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST) return tooLarge(file, bytes);
  if (text.includes('\0') || text.includes('\ufffd')) {
    return {
      code: 'binary-file',
      message: 'the file is not text',
      place,
      expected: 'a pipeline in YAML, encoded as UTF-8',
    };
  }
  const { open, stray } = bracketsIn(text);
  // It would take the parser a gigabyte to find that out.
  if (open > MOST_OPEN) return tooDeep(file);
  const values = (text.match(VALUES)?.length ?? 0) + stray;
  if (values > MOST_VALUES) {
    return {
      code: 'file-too-large',
      message: `the file holds some ${values} values`,
      place,
      expected: `a pipeline of at most ${MOST_VALUES} lines and items of lists`,
      fix: 'write a long axis as a range { from, to, step }, and data into a file of its own',
    };
  }
  if (text.trim() === '') {
    return { code: 'empty-file', message: 'the file is empty', place, expected: 'a pipeline with at least one stage' };
  }
  return undefined;
}
