/** Characters that take two columns of a terminal or a monospaced editor: East Asian wide and full-width, emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** Characters that take no column: control characters, combining marks, joiners, variation selectors. */
const invisible = /[\p{Cc}\p{Mn}\p{Me}\p{Cf}]/u;

/** Nearly every text of ours; one test instead of a walk. */
const plain = /^[\x20-\x7e]*$/;

/** Columns of one character. */
function columnsOf(character: string): number {
  if (invisible.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/**
 * Counts the columns that a text takes in a terminal.
 *
 * @param text - one line without escape sequences
 * @returns number of columns
 */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/**
 * Cuts a text to a number of columns; where something is cut, the last column is `…`.
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
  for (const character of text) {
    width += columnsOf(character);
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
  const characters = Array.from(text);
  let tail = '';
  for (let at = characters.length - 1; at >= 0; at--) {
    const longer = (characters[at] ?? '') + tail;
    if (displayWidth(longer) > tailColumns) break;
    tail = longer;
  }
  return truncate(text, columns - displayWidth(tail)) + tail;
}
