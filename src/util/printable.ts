/**
 * What steers a terminal, or turns the order of what is shown: control characters but line breaks and tabs, separators of
 * lines, and directions of writing.
 */
const steering = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Stands for what is not shown. */
const hidden = '\u{fffd}';

/**
 * Makes a text safe to be shown: names in weights, images, archives and metrics are whatever their authors wrote.
 *
 * @param text - any text, of any number of lines
 * @returns the text without what would steer the terminal
 */
export function printable(text: string): string {
  return text.replace(steering, hidden);
}

/**
 * Makes a text safe to be shown on one line, which it cannot leave; see {@link printable}.
 *
 * @param text - any text
 * @returns the text without line breaks either
 */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, hidden);
}

/**
 * Writes a value as JSON that can be shown as well: what {@link printable} would replace is escaped, so that nothing is lost.
 *
 * @param value - anything that JSON can hold
 * @param indent - blanks of a level; all on one line without
 * @returns the text
 */
export function printableJson(value: unknown, indent?: number): string {
  const escaped = (sign: string): string => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, indent).replace(steering, escaped);
}
