import { displayWidth } from '../../util/display-width.ts';
import { largest } from '../../util/extremes.ts';

/** Splits a row of a Markdown table into its cells; an escaped `|` is text. */
function cellsOf(line: string): readonly string[] {
  const trimmed = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return trimmed.split(/(?<!\\)\|/).map((cell) => cell.trim());
}

/** A cell of the line under the heads: it says on which side its column is flush. */
const isRule = (cell: string): boolean => /^:?-+:?$/.test(cell);

/** Fills a cell up to its column. */
function fillCell(cell: string, rule: string, width: number): string {
  if (isRule(cell)) {
    const [left, right] = [rule.startsWith(':') ? ':' : '', rule.endsWith(':') ? ':' : ''];
    return left + '-'.repeat(width - left.length - right.length) + right;
  }
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return rule.endsWith(':') && !rule.startsWith(':') ? blanks + cell : cell + blanks;
}

/**
 * Aligns the columns of a Markdown table, so that it can be read as plain text, a changed number changes its line only,
 * and formatters leave it alone.
 *
 * @param text - lines of a table: heads, the line of dashes, rows; other lines are left as they are
 * @returns the aligned table
 */
export function alignTable(text: string): string {
  const lines = text.split('\n');
  const isRow = (line: string): boolean => line.trimStart().startsWith('|');
  const table = lines.filter(isRow).map(cellsOf);
  const rules = table.find((cells) => cells.every(isRule)) ?? [];
  const widths = rules.map((_, at) =>
    largest(
      table.map((cells) => (isRule(cells[at] ?? '') ? 0 : displayWidth(cells[at] ?? ''))),
      3,
    ),
  );
  const align = (line: string): string => {
    const cells = cellsOf(line);
    return `| ${widths.map((width, at) => fillCell(cells[at] ?? '', rules[at] ?? '---', width)).join(' | ')} |`;
  };
  return lines.map((line) => (isRow(line) && rules.length > 0 ? align(line) : line)).join('\n');
}
