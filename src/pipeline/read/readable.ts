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
const MOST_VALUES = 200_000;

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

/** Whether more brackets are open than the parser has room for. It would take a gigabyte to find that out. */
function isTooOpen(text: string): boolean {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > MOST_OPEN) return true;
  }
  return false;
}

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
  if (isTooOpen(text)) return tooDeep(file);
  const values = text.match(/[,[{\n]/g)?.length ?? 0;
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
