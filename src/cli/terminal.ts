import { printable, printableJson } from '../util/printable.ts';

/**
 * Writes a result to standard output, without what would steer the terminal.
 *
 * @param text - without a final line break
 */
export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/**
 * Writes a message to standard error, so that piped results stay clean, without what would steer the terminal.
 *
 * @param text - without a final line break
 */
export function printError(text: string): void {
  printStyled(printable(text));
}

/**
 * Writes a coloured message to standard error.
 *
 * @param text - without a final line break, its parts printable already
 */
export function printStyled(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Writes a value as JSON to standard output, for `--json`.
 *
 * @param value - anything that JSON can hold
 */
export function printJson(value: unknown): void {
  print(printableJson(value, 2));
}

/**
 * Lays rows out in columns, two blanks apart; the last column is not padded.
 *
 * @param rows - cells of each row
 * @returns the lines, joined
 */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '))
    .join('\n');
}
