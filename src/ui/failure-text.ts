import type { Failure, Place } from '../core/failure.ts';
import { displayWidth } from '../util/display-width.ts';
import { printable } from '../util/printable.ts';

/** Most columns of a source line that are shown around the caret. */
const WINDOW = 110;

type Paint = (text: string) => string;
type Palette = Readonly<Record<'place' | 'message' | 'code' | 'caret' | 'label', Paint>>;

const plain: Palette = { place: same, message: same, code: same, caret: same, label: same };
const coloured: Palette = {
  place: ansi('36'),
  message: ansi('1'),
  code: ansi('2'),
  caret: ansi('31;1'),
  label: ansi('2'),
};

function same(text: string): string {
  return text;
}

function ansi(codes: string): Paint {
  return (text) => `\u001b[${codes}m${text}\u001b[0m`;
}

/** A tab becomes one blank, so that carets fit. */
const untabbed = (text: string): string => printable(text).replaceAll('\t', ' ');

/** `file:line:column`, as far as it is known; a column without a line is only the caret's. */
function location({ file, line, column }: Place): string {
  if (line === undefined) return file;
  return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
}

/** The part of a long line that holds the caret, and the caret's column in it (from 0). */
function cut(excerpt: string, caret: number): { readonly text: string; readonly caret: number } {
  if (excerpt.length <= WINDOW) return { text: excerpt, caret };
  const start = Math.max(0, Math.min(caret - WINDOW / 2, excerpt.length - WINDOW));
  const end = start + WINDOW;
  const text = `${start > 0 ? '…' : ''}${excerpt.slice(start, end)}${end < excerpt.length ? '…' : ''}`;
  return { text, caret: caret - start + (start > 0 ? 1 : 0) };
}

/** The source line with a caret under the problem. */
function excerptLines(place: Place, paint: Palette): string[] {
  if (place.excerpt === undefined) return [];
  // A line may be as long as a file.
  const { text, caret } = cut(place.excerpt, (place.column ?? 1) - 1);
  const number = place.line === undefined ? '' : String(place.line);
  const blank = ' '.repeat(number.length);
  const source = `  ${paint.label(`${number} |`)} ${untabbed(text)}`;
  if (place.column === undefined) return [source];
  const width = displayWidth(untabbed(text.slice(caret, caret + (place.width ?? 1))));
  const indent = ' '.repeat(displayWidth(untabbed(text.slice(0, caret))));
  return [source, `  ${paint.label(`${blank} |`)} ${indent}${paint.caret('^'.repeat(Math.max(1, width)))}`];
}

/** `label: text`; further lines of the text stand under its first. */
function labelLines(label: string, text: string | undefined, paint: Palette): string[] {
  if (text === undefined) return [];
  const indent = ' '.repeat(label.length + 4);
  return [`  ${paint.label(`${label}:`)} ${untabbed(text).split('\n').join(`\n${indent}`)}`];
}

function block(failure: Failure, paint: Palette): string {
  const where = failure.place ? `${paint.place(`${untabbed(location(failure.place))}:`)} ` : '';
  return [
    `${where}${paint.message(untabbed(failure.message))} ${paint.code(`[${failure.code}]`)}`,
    ...(failure.place ? excerptLines(failure.place, paint) : []),
    ...labelLines('expected', failure.expected, paint),
    ...labelLines('fix', failure.fix, paint),
  ].join('\n');
}

/**
 * Writes failures for a person: `file:line:column: message [code]`, the source line with a caret, what was expected
 * and how to mend it. Failures are divided by an empty line.
 *
 * @param failures - what went wrong
 * @param options - how to write them
 * @param options.color - whether to use ANSI colours; the caller knows the terminal and NO_COLOR
 * @returns lines without a final line break
 */
export function failureText(failures: readonly Failure[], options: { readonly color: boolean }): string {
  const paint = options.color ? coloured : plain;
  return failures.map((failure) => block(failure, paint)).join('\n\n');
}

/**
 * Writes notes for a person, one line each: what is odd, and allowed.
 *
 * @param notes - what is to be said
 * @returns lines `note: file:line:column: message`
 */
export function noteLines(notes: readonly Failure[]): readonly string[] {
  return notes.map(({ place, message }) => {
    const where = place ? `${untabbed(location(place))}: ` : '';
    return `note: ${where}${untabbed(message).replaceAll('\n', ' ')}`;
  });
}
