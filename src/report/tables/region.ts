import type { Failure } from '../../core/failure.ts';
import { failure, success, type Result } from '../../core/result.ts';
import type { Marking } from '../../core/table-file.ts';

/** A fence of a code block: three or more backticks or tildes. */
const fenceLine = /^ {0,3}(?<fence>`{3,}|~{3,})(?<rest>.*)$/;

/** A marker and where it stands. */
interface Marker {
  readonly name: string;
  readonly closes: boolean;
  /** Counts from 1. */
  readonly line: number;
  /** Offset of its line's first character. */
  readonly start: number;
  /** Offset after its line break. */
  readonly end: number;
  readonly text: string;
}

/** The part of a text that a table owns. */
export interface Region {
  /** Offset after the opening marker's line. */
  readonly start: number;
  /** Offset of the closing marker's line. */
  readonly end: number;
  /** The line break of the opening marker. */
  readonly eol: string;
  /** See {@link Marking.apart}. */
  readonly apart: boolean;
}

/** Follows fences line by line: inside of one, everything is text. A fence ends at a bare one at least as long. */
function fenceAfter(fence: string, line: string): string {
  const found = fenceLine.exec(line)?.groups;
  if (!found) return fence;
  const { fence: mark = '', rest = '' } = found;
  if (fence === '') return mark.startsWith('`') && rest.includes('`') ? '' : mark;
  return mark.startsWith(fence) && rest.trim() === '' ? '' : fence;
}

/** The name and the slash of a marker's line. */
function markerGroups(line: string, { lines }: Marking): Readonly<Record<string, string>> | undefined {
  for (const pattern of lines) {
    const groups = pattern.exec(line)?.groups;
    if (groups) return groups;
  }
  return undefined;
}

/** Finds all markers outside of code blocks. */
function findMarkers(text: string, marking: Marking): readonly Marker[] {
  const markers: Marker[] = [];
  let fence = '';
  let line = 0;
  for (const found of text.matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/g)) {
    const [whole, content = ''] = found;
    line++;
    const marker = fence === '' ? markerGroups(content, marking) : undefined;
    if (marker) {
      const { name = '', close } = marker;
      const end = found.index + whole.length;
      markers.push({ name, closes: close === '/', line, start: found.index, end, text: content });
    }
    if (marking.fences) fence = fenceAfter(fence, content);
  }
  return markers;
}

/** What was looked at last: many tables may stand in one long file. */
let last: { readonly text: string; readonly marking: Marking; readonly markers: readonly Marker[] } | undefined;

/** The markers of a text, which is walked once for all its tables. */
function markersOf(text: string, marking: Marking): readonly Marker[] {
  if (last?.text !== text || last.marking !== marking) last = { text, marking, markers: findMarkers(text, marking) };
  return last.markers;
}

/** A failure at a marker. */
function wrong(file: string, code: string, marker: Marker, words: Pick<Failure, 'message' | 'fix'>): Failure {
  const at = marker.text.search(/<!--|\S/);
  const width = marker.text.trimEnd().length - at;
  return { code, ...words, place: { file, line: marker.line, column: at + 1, excerpt: marker.text, width } };
}

/** A table's place in a file. */
export interface Place {
  /** The table. */
  readonly name: string;
  /** The file's name, for failures. */
  readonly file: string;
  readonly marking: Marking;
}

/** What is wrong with a table's markers. */
function problemOf({ file, name, marking }: Place, markers: readonly Marker[]): Failure | undefined {
  const own = markers.filter((marker) => marker.name === name);
  const opening = own.filter((marker) => !marker.closes);
  const closing = own.filter((marker) => marker.closes);
  const [open] = opening;
  const [close] = closing;
  const pair = `${marking.open(name)} and ${marking.close(name)}`;
  if (!open && !close) {
    return {
      code: 'missing-marker',
      message: `the file has no place for table ${name}`,
      place: { file },
      expected: `the lines ${pair}, each alone on its line and outside of code blocks`,
      fix: 'add both lines where the table should be',
    };
  }
  const again = opening[1] ?? closing[1];
  if (again) {
    const message = `the marker of table ${name} is here a second time`;
    return wrong(file, 'doubled-marker', again, { message, fix: `keep one pair of ${pair}` });
  }
  if (!close && open) {
    const fix = `add ${marking.close(name)} after it`;
    return wrong(file, 'unclosed-marker', open, { message: `the marker of table ${name} is never closed`, fix });
  }
  if (!open && close) {
    const fix = `add ${marking.open(name)} before it`;
    return wrong(file, 'unopened-marker', close, { message: `the marker of table ${name} was never opened`, fix });
  }
  if (open && close && close.start < open.start) {
    const message = `the markers of table ${name} stand in the wrong order`;
    return wrong(file, 'swapped-markers', close, { message, fix: `swap ${pair}` });
  }
  const inside = markers.find((marker) => open && close && marker.start > open.start && marker.start < close.start);
  if (!inside) return undefined;
  const message = `a marker of table ${inside.name} stands inside the region of table ${name}, which replaces it`;
  return wrong(file, 'nested-marker', inside, { message, fix: `move it out of the region of ${name}` });
}

/**
 * Finds the region between a table's markers.
 *
 * @param text - the whole file
 * @param place - the table, the file and how it marks regions
 * @returns the region; a failure with its place when a marker is missing, doubled, unclosed, swapped, or when another
 *   one stands in between
 */
export function findRegion(text: string, place: Place): Result<Region> {
  const { name, marking } = place;
  const markers = markersOf(text, marking);
  const problem = problemOf(place, markers);
  if (problem) return failure(problem);
  const [open, close] = markers.filter((marker) => marker.name === name);
  if (!open || !close) throw new Error(`region ${name} lost its markers`);
  const eol = /\r\n|\r|\n/.exec(text.slice(open.start, open.end))?.[0] ?? '\n';
  return success({ start: open.end, end: close.start, eol, apart: marking.apart });
}

/**
 * Reads what stands in a table's region.
 *
 * @param text - the whole file
 * @param region - a region of it
 * @returns the content with `\n` line breaks, without blank lines around it
 */
export function regionContent(text: string, region: Region): string {
  return text.slice(region.start, region.end).replace(/\r\n?/g, '\n').replace(/^\n+/, '').trimEnd();
}

/**
 * Puts a rendered table into its region, in Markdown with a blank line that keeps it apart from its markers.
 *
 * @param text - the whole file
 * @param region - a region of it
 * @param content - the rendered table, `\n` line breaks
 * @returns the file with the region replaced, in the line breaks of its marker; every byte outside is as it was
 */
export function withRegion(text: string, region: Region, content: string): string {
  const blank = region.apart ? [''] : [];
  const lines = [...blank, ...content.trimEnd().split('\n'), ...blank, ''];
  return text.slice(0, region.start) + lines.join(region.eol) + text.slice(region.end);
}

/**
 * The lines that a file without a place for a table lacks.
 *
 * @param place - the table and how the file marks regions
 * @returns both markers, each on its line
 */
export function newRegion(place: Pick<Place, 'name' | 'marking'>): string {
  const { name, marking } = place;
  return `${marking.open(name)}\n${marking.close(name)}\n`;
}
