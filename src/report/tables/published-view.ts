import type { Failure } from '../../core/failure.ts';
import type { TablePlan } from '../../core/plan.ts';
import { failed, success, type Result } from '../../core/result.ts';
import { experimentText } from '../rows/experiment.ts';
import { none, type RowLabel } from '../../cells/labels.ts';
import type { CellIndex } from '../../cells/lookup.ts';
import { imagesOf } from '../rows/images-of.ts';
import { missing, numberText, signedText } from './number-text.ts';
import type { PublishedRow } from '../rows/published.ts';
import { groupText, hasValues } from '../../cells/row-match.ts';
import type { RowGroup } from '../../cells/row-groups.ts';
import { smallest } from '../../util/extremes.ts';
import { rowMetrics, type Outcomes } from '../rows/rows.ts';
import { confidence, differenceToPublished, mean } from '../rows/statistics.ts';
import type { ColumnView, PublishedDifferenceView, RowView, ValueView } from './view.ts';

/** The rows of ours that published rows are compared with. */
export interface PublishedContext {
  readonly table: TablePlan;
  readonly index: CellIndex;
  /** The rows of ours. */
  readonly groups: readonly RowGroup[];
  readonly columns: readonly ColumnView[];
  readonly outcomes: Outcomes;
}

/** The fewest images that a metric of a row's runs is taken over; undefined where a run does not say. */
function imagesOfRow(group: RowGroup, outcomes: Outcomes, column: string): number | undefined {
  const results = group.cells.flatMap(({ id }) => outcomes.get(id) ?? []);
  const images = results.flatMap(({ metrics }) => imagesOf(metrics, column) ?? []);
  return images.length > 0 && images.length === results.length ? smallest(images) : undefined;
}

/** Our row less a published number. */
function differenceView(
  group: RowGroup,
  value: number,
  column: ColumnView,
  outcomes: Outcomes,
): PublishedDifferenceView | null {
  const found = rowMetrics(group, outcomes, column.name).filter((one) => one !== undefined);
  const ours = found.filter((one) => typeof one === 'number');
  if (ours.length === 0 || ours.length < found.length) return null;
  const images = imagesOfRow(group, outcomes, column.name);
  const judged = differenceToPublished(ours, { value, images });
  const difference = mean(ours) - value;
  const isBeyond = judged !== undefined && judged.p < 1 - confidence;
  // Without the noise of the images, what is known of it is too little to call anything beyond it.
  const verdict = !judged || (isBeyond && images === undefined) ? '' : ` ${isBeyond ? 'beyond' : 'within'} noise`;
  return {
    text: signedText(difference, column.decimals) + verdict,
    mean: difference,
    low: judged?.low ?? null,
    high: judged?.high ?? null,
    p: judged?.p ?? null,
    noise: [...(ours.length > 1 ? (['runs'] as const) : []), ...(images === undefined ? [] : (['images'] as const))],
    images: images ?? null,
  };
}

/** A published number, with the difference of our row to it, where there is one. */
function valueView(
  value: number | string | undefined,
  column: ColumnView,
  group: RowGroup | undefined,
  outcomes: Outcomes,
): ValueView {
  const number = typeof value === 'number' ? value : null;
  return {
    column: column.name,
    text: number === null ? String(value ?? missing) : numberText(number, column.decimals),
    mean: number,
    sd: null,
    n: value === undefined ? 0 : 1,
    expected: 1,
    best: false,
    difference: group && number !== null ? differenceView(group, number, column, outcomes) : null,
  };
}

/** A published row as a row of the table; under ours it has our labels. */
function rowView(
  published: PublishedRow,
  origin: string,
  group: RowGroup | undefined,
  { table, columns, outcomes }: PublishedContext,
): RowView {
  const own = table.rows.map((name): RowLabel => {
    const value = published.row.get(name) ?? none;
    return { name, text: String(value), value: value === none ? null : value };
  });
  const labels = group?.labels ?? own;
  return {
    labels,
    experiment: experimentText(labels),
    values: columns.map((column) => valueView(published.columns.get(column.name), column, group, outcomes)),
    difference: null,
    origin,
    source: published.source,
    runs: [],
  };
}

/** The failure for a published row that more than one row of ours answers to, or for the second one of a row. */
function ambiguous({ place }: PublishedRow, message: string, rows: readonly string[]): Failure {
  const fix = `say more under row: ${rows.slice(0, 6).join(' | ')}`;
  return {
    code: 'ambiguous-published',
    message,
    place,
    expected: 'one published row of a source for one of ours',
    fix,
  };
}

/** Finds the row of ours that each published row names; what it does not say may be anything. */
function matchPublishedRows(
  published: readonly PublishedRow[],
  { table, index, groups }: PublishedContext,
): Result<ReadonlyMap<PublishedRow, RowGroup>> {
  const found = new Map<PublishedRow, RowGroup>();
  const failures: Failure[] = [];
  for (const row of published) {
    const values = Object.fromEntries(row.row);
    const [group, ...others] = groups.filter((one) => hasValues(index, one, values));
    if (!group) continue;
    const earlier = [...found].find(([other, its]) => its === group && other.source === row.source)?.[0];
    if (others.length > 0) {
      const message = `table ${table.name}: ${others.length + 1} rows match the published row`;
      failures.push(ambiguous(row, message, [group, ...others].map(groupText)));
    } else if (earlier) {
      const first = earlier.place.line === undefined ? '' : `, as does the one of line ${earlier.place.line}`;
      const message = `table ${table.name}: the published row names the row ${groupText(group)}${first}`;
      failures.push(ambiguous(row, message, [groupText(group)]));
    } else found.set(row, group);
  }
  return failures.length > 0 ? failed(failures) : success(found);
}

/**
 * Puts published rows under ours that they name, with the difference in each column judged by the noise that is known,
 * and the others at the end.
 *
 * @param ours - rows of ours, as many and in the order of `context.groups`
 * @param published - rows of others
 * @param context - what they are compared with
 * @returns all rows; failures for published rows that name more than one row of ours, or one that their source has
 *   named before
 */
export function placePublishedRows(
  ours: readonly RowView[],
  published: readonly PublishedRow[],
  context: PublishedContext,
): Result<readonly RowView[]> {
  const found = matchPublishedRows(published, context);
  if (!found.ok) return found;
  const sources = [...new Set(published.map(({ source }) => source))];
  const origin = ({ source }: PublishedRow): string =>
    sources.length === 1 ? 'published' : `published ${sources.indexOf(source) + 1}`;
  const view = (row: PublishedRow): RowView => rowView(row, origin(row), found.value.get(row), context);
  const under = (at: number): readonly RowView[] =>
    published.filter((row) => found.value.get(row) === context.groups[at]).map(view);
  const alone = published.filter((row) => !found.value.has(row));
  return success([...ours.flatMap((row, at) => [row, ...under(at)]), ...alone.map(view)]);
}
