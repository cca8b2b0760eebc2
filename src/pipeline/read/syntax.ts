import type { Document, YAMLError } from 'yaml';
import type { Failure } from '../../core/failure.ts';
import { mostProblems } from '../source/budget.ts';
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

/** Most rounds in which expressions without quotes are looked for: each finds all that the parser has come to. */
const MOST_ROUNDS = 20;

/** Most characters that are parsed again in all rounds together; of a longer text only the first expressions are told. */
const MOST_READ = 500_000;

/** Where an expression starts at which the parser stumbled; undefined where it stumbled at something else. */
function unquotedStart({ pos: [start] }: YAMLError, text: string): number | undefined {
  const at = start - 1;
  return at >= 0 && text.startsWith('${', at) && !/["']/.test(text.charAt(at - 1)) ? at : undefined;
}

/** The end of an expression: its brace, or the end of its line. */
function endOf(text: string, start: number): number {
  const [expression = '${'] = /^\$\{[^}\r\n]*\}?/.exec(text.slice(start, start + 1000)) ?? [];
  return start + expression.length;
}

/**
 * Finds expressions without quotes. The parser takes their braces for mappings, and whatever follows for something else: so
 * each is replaced by a word of the same length, and the text is parsed again.
 */
function takeUnquoted(errors: readonly YAMLError[], text: string, parse: Parse): Mended {
  const spans = new Map<number, number>();
  let mended = { errors, text };
  for (let round = 0; round < Math.min(MOST_ROUNDS, Math.max(1, MOST_READ / text.length)); round++) {
    const starts = new Set(mended.errors.flatMap((error) => unquotedStart(error, mended.text) ?? []));
    if (starts.size === 0) break;
    const pieces: string[] = [];
    let at = 0;
    for (const start of [...starts].sort((a, b) => a - b)) {
      const end = endOf(text, start);
      spans.set(start, end);
      pieces.push(mended.text.slice(at, start), 'x'.repeat(end - start));
      at = end;
    }
    if (text.length > MOST_READ) return { errors: [], spans };
    const repaired = pieces.join('') + mended.text.slice(at);
    mended = { errors: parse(repaired)?.errors ?? [], text: repaired };
  }
  return { errors: mended.errors, spans };
}

/** Reads a text as YAML; undefined where it cannot. */
type Parse = (text: string) => Pick<Document, 'errors'> | undefined;

/** What is wrong beside expressions without quotes, and where these stand. */
interface Mended {
  readonly errors: readonly YAMLError[];
  readonly spans: ReadonlyMap<number, number>;
}

function syntaxFailure(error: YAMLError, lines: Lines): Failure {
  const [start, end] = error.pos;
  return {
    ...(SYNTAX[error.code] ?? { code: 'yaml-syntax', message: `this is not YAML: ${error.message}` }),
    place: lines.place([start, Math.max(end, start + 1)]),
  };
}

/**
 * Puts the parser's errors into plain words. After the first of a line the others only repeat it.
 *
 * @param document - the parsed file
 * @param lines - lines of its text
 * @param text - its text
 * @param parse - parses a text as the file was
 * @returns one failure a faulty line; expressions without quotes hide what comes of them
 */
export function syntaxFailures(document: Document, lines: Lines, text: string, parse: Parse): readonly Failure[] {
  if (document.errors.length === 0) return [];
  const { errors, spans } = takeUnquoted(document.errors, text, parse);
  const byLine = new Map<number, () => Failure>();
  const note = (offset: number, failure: () => Failure): void => {
    const line = lines.lineAt(offset);
    if (!byLine.has(line)) byLine.set(line, failure);
  };
  for (const span of spans) note(span[0], () => ({ ...unquoted, place: lines.place(span) }));
  for (const error of errors) note(error.pos[0], () => syntaxFailure(error, lines));
  const told = [...byLine].sort(([a], [b]) => a - b).slice(0, mostProblems);
  return told.map(([, failure]) => failure());
}
