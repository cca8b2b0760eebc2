import stringWidth from 'string-width';

/** Nearly every text of ours; one test instead of a walk. */
const plain = /^[\x20-\x7e]*$/;

/** What a reader takes for one character: a letter with its marks, a joined emoji. */
const graphemes = new Intl.Segmenter();
const charactersOf = (text: string): readonly string[] => Array.from(graphemes.segment(text), ({ segment }) => segment);

/**
 * Counts the columns that a text takes in a terminal.
 *
 * @param text - one line without escape sequences
 * @returns number of columns
 */
export function displayWidth(text: string): number {
  return plain.test(text) ? text.length : stringWidth(text);
}

/**
 * Cuts a text to a number of columns; where something is cut, the last column is `…`. (cli-truncate 5.2 lets a character of
 * two columns reach beyond the last one.)
 *
 * @param text - one line without escape sequences
 * @param columns - most columns, at least 0
 * @returns the text, or its start and `…`
 */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns < 1) return '';
  let kept = '';
  let width = 0;
  for (const character of charactersOf(text)) {
    width += displayWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/**
 * Fills a text up with blanks on the right.
 *
 * @param text - one line without escape sequences
 * @param columns - columns that the result takes at least
 * @returns the padded text
 */
export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

/**
 * Shortens a text in its middle: both the beginning and the end of a cell's id tell it from others.
 *
 * @param text - one line without escape sequences
 * @param columns - most columns, at least 0
 * @returns the text, or its two ends with `…` between
 */
export function shorten(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  const tailColumns = Math.floor((columns - 1) / 2);
  let tail = '';
  for (const character of charactersOf(text).toReversed()) {
    const longer = character + tail;
    if (displayWidth(longer) > tailColumns) break;
    tail = longer;
  }
  return truncate(text, columns - displayWidth(tail)) + tail;
}
