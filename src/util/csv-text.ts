/** One field (RFC 4180): quoted where it has to be. */
function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Writes a table as CSV.
 *
 * @param header - names of columns
 * @param rows - their values
 * @returns a line each, with an end of line behind the last
 */
export function csvText(header: readonly string[], rows: Iterable<readonly (string | number)[]>): string {
  const lines = [header, ...rows].map((row) => row.map(field).join());
  return `${lines.join('\n')}\n`;
}
