import type { Document, YAMLError } from 'yaml';
import type { Failure } from '../../core/failure.ts';
import type { Lines } from '../source/place.ts';

/** Plain words for the parser's codes that users meet most. */
const SYNTAX: Readonly<Record<string, Omit<Failure, 'place'>>> = {
  TAB_AS_INDENT: {
    code: 'tab-indentation',
    message: 'a tab is used as indentation',
    expected: 'blanks: YAML does not allow tabs there',
    fix: 'replace each tab at the start of a line by two blanks',
  },
  DUPLICATE_KEY: {
    code: 'duplicate-key',
    message: 'this key is in the mapping twice',
    expected: 'each key once',
    fix: 'remove or rename one of them',
  },
  MULTIPLE_DOCS: {
    code: 'multiple-documents',
    message: 'the file holds more than one YAML document',
    expected: 'one pipeline per file',
    fix: 'split the file at the line ---',
  },
  NON_STRING_KEY: { code: 'bad-key', message: 'a list or mapping is used as a key', expected: 'a name as the key' },
};

/** Flow collections end a plain text at `{`: the commonest slip with `${…}`. */
const unquoted: Omit<Failure, 'place'> = {
  code: 'yaml-syntax',
  message: '${…} needs quotes inside { } or [ ]',
  expected: 'quotes around it, because { and } are YAML punctuation there',
  fix: 'write "${…}" with double quotes',
};

function syntaxFailure(error: YAMLError, lines: Lines, text: string): Failure {
  const [start, end] = error.pos;
  const isUnquoted = start > 0 && text.startsWith('${', start - 1);
  const known = isUnquoted ? unquoted : SYNTAX[error.code];
  const span = [isUnquoted ? start - 1 : start, Math.max(end, start + 1)] as const;
  return {
    ...(known ?? { code: 'yaml-syntax', message: `this is not YAML: ${error.message}` }),
    place: lines.place(span),
  };
}

/**
 * Puts the parser's errors into plain words. After the first of a line the others only repeat it.
 *
 * @param document - the parsed file
 * @param lines - lines of its text
 * @param text - its text
 * @returns one failure a faulty line
 */
export function syntaxFailures(document: Document, lines: Lines, text: string): Failure[] {
  const failures = document.errors.map((error) => syntaxFailure(error, lines, text));
  const seen = new Set<unknown>();
  return failures.filter(({ place }) => !seen.has(place?.line) && seen.add(place?.line));
}
