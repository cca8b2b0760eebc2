import { fail } from '../../core/failure.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import { page } from '../../core/table-file.ts';
import { findRegion } from './region.ts';
import type { RenderedTable } from './render-tables.ts';

/**
 * The table that a whole file is.
 *
 * @param text - the file
 * @returns the text with `\n` line breaks, without a byte-order mark and blanks at its end
 */
export function wholeContent(text: string): string {
  return text
    .replace(/^\u{feff}/u, '')
    .replace(/\r\n?/g, '\n')
    .trimEnd();
}

/** A file that holds nothing but the region of the table: what kdpipe wanted of CSV files before they were whole. */
function isBareRegion(text: string, name: string): boolean {
  const region = findRegion(text, { name, file: '', marking: page.marking });
  if (!region.ok) return false;
  const { start, end } = region.value;
  const outside = [...text.slice(0, start).split('\n'), ...text.slice(end).split('\n')];
  return outside.filter((line) => line.trim() !== '').length === 2;
}

/** The head of `csv.hbs`: four columns a metric, and the source at the end. */
function isOurHead(head: string): boolean {
  const fields = head.split(',');
  const isMetric = (name: string, at: number): boolean =>
    ['sd', 'n', 'expected'].every((word, after) => fields[at + after + 1] === `${name} ${word}`);
  return fields.at(-1) === 'source' && fields.some(isMetric);
}

/** A table as `json.hbs` writes it. */
function isOurJson(text: string): boolean {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) && Array.isArray(value['rowNames']) && isJsonObject(value['provenance'] ?? null);
  } catch {
    return false;
  }
}

const headOf = (text: string): string => text.slice(0, (text + '\n').indexOf('\n'));

/**
 * Makes sure that a file which a table replaces as a whole is an earlier table, not the data of somebody: an empty file, a
 * table with the head of ours, or one with the head that is to be written (templates of users have any).
 *
 * @param text - what the file holds
 * @param rendered - the table that is to replace it
 * @param file - its name, for the failure
 * @throws FailureError when it is anything else
 */
export function requireOwn(text: string, rendered: RenderedTable, file: string): void {
  const content = wholeContent(text);
  if (content === '' || isBareRegion(content, rendered.table.name)) return;
  const isJson = rendered.format === 'json';
  const head = headOf(content);
  if (isJson ? isOurJson(content) : isOurHead(head) || head === headOf(rendered.text)) return;
  fail({
    code: 'not-a-table',
    message: `table ${rendered.table.name} would overwrite a file that kdpipe has not written`,
    place: { file },
    expected: 'a file that does not exist yet, or an earlier table',
    fix: 'name another file in into, or remove this one',
  });
}
