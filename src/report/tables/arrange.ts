import { FailureError } from '../../core/failure.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { RowView, TableView } from './view.ts';

/** In which order rows stand, and how many. */
export interface Arrangement {
  /** A metric, best first, or a name of `rows`, ascending; with `-` before it the other way round. */
  readonly sort?: string;
  /** The first rows alone. */
  readonly top?: number;
}

/** Rows of ours with the published ones below them. */
function blocksOf(rows: readonly RowView[]): readonly (readonly RowView[])[] {
  const blocks: RowView[][] = [];
  for (const row of rows) {
    const last = blocks.at(-1);
    const isBelow = row.source !== null && last?.[0]?.source === null && last[0].labels === row.labels;
    if (last && isBelow) last.push(row);
    else blocks.push([row]);
  }
  return blocks;
}

/** How two rows compare by what is sorted by; those that lack it are last. */
function comparison(view: TableView, sort: string): (a: RowView, b: RowView) => number {
  const sign = sort.startsWith('-') ? -1 : 1;
  const name = sort.replace(/^-/, '');
  const column = view.columns.findIndex((one) => one.name === name);
  const label = view.rowNames.indexOf(name);
  if (column < 0 && label < 0) {
    const known = [...view.columns.map((one) => one.name), ...view.rowNames];
    const message = `table ${view.name} has no column ${JSON.stringify(name)} to sort by`;
    throw new FailureError([withNameAdvice({ code: 'unknown-column', message }, name, known)]);
  }
  if (column < 0) {
    const text = (row: RowView): string => row.labels[label]?.text ?? '';
    return (a, b) => sign * text(a).localeCompare(text(b), 'en', { numeric: true });
  }
  const best = view.columns[column]?.lowerIsBetter === true ? 1 : -1;
  const mean = (row: RowView): number | null => row.values[column]?.mean ?? null;
  return (a, b) => {
    const [left, right] = [mean(a), mean(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * best * (left - right);
  };
}

/**
 * Puts the rows of a table into an order, and leaves out all but the first; published rows go with ours.
 *
 * @param view - the table
 * @param arrangement - the order, and how many
 * @returns the table, which says what was left out
 * @throws FailureError for a column that it does not have
 */
export function arranged(view: TableView, arrangement: Arrangement): TableView {
  const { sort, top } = arrangement;
  const blocks = [...blocksOf(view.rows)];
  if (sort !== undefined) {
    const compare = comparison(view, sort);
    blocks.sort(([a], [b]) => (a && b ? compare(a, b) : 0));
  }
  const shown = top === undefined ? blocks : blocks.slice(0, top);
  const left = blocks.length - shown.length;
  const note = `The first ${shown.length} of ${blocks.length} rows${sort === undefined ? '' : `, sorted by ${sort}`}.`;
  return { ...view, rows: shown.flat(), notes: left > 0 ? [...view.notes, note] : view.notes };
}
