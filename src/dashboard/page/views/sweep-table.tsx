import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { decimalsOf, measuredText } from '../../../report/tables/number-text.ts';
import { lowerIsBetter } from '../../../core/metrics.ts';
import type { StageData } from '../../data/run-data.ts';
import { measuredOf, type Sorting, type SweepRow } from '../../data/sweep.ts';
import { cellLink } from '../links.ts';
import { StateMark } from '../parts.tsx';

/** Rows of a page of the table. */
const pageSize = 100;

/** A table, and who is told what is done to it. */
export interface SweepTableProps {
  readonly stage: StageData;
  readonly rows: readonly SweepRow[];
  readonly metrics: readonly string[];
  readonly grouped: boolean;
  readonly sorting: Sorting | undefined;
  readonly onSort: (sorting: Sorting | undefined) => void;
  readonly chosen: readonly string[];
  readonly onChoose: (row: string) => void;
}

/** A head that sorts: best first, then the other way round, then as planned. */
function SortHead(
  props: Pick<SweepTableProps, 'sorting' | 'onSort'> & { readonly name: string; readonly isMetric: boolean },
): JSX.Element {
  const { name, sorting, onSort, isMetric } = props;
  const first = isMetric && !lowerIsBetter(name);
  const own = sorting?.by === name ? sorting : undefined;
  const next = own
    ? own.descending === first
      ? { by: name, descending: !first }
      : undefined
    : { by: name, descending: first };
  const order = own ? (own.descending ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" class={isMetric ? 'number' : ''} aria-sort={order}>
      <button type="button" onClick={() => onSort(next)}>
        {name}
        <span aria-hidden="true">{own ? (own.descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

/** What the cells of a row are called beside its labels. */
function RowCells({ row, grouped }: { readonly row: SweepRow; readonly grouped: boolean }): JSX.Element {
  const [first] = row.cells;
  if (!grouped && first) return <a href={cellLink(first.id)}>{first.id}</a>;
  return (
    <>
      {row.cells.slice(0, 10).map(({ id, axes }, at) => (
        <a key={id} href={cellLink(id)} title={id} aria-label={id} class="seed">
          {axes['seed']?.replace(/^json /, '') ?? String(at)}
        </a>
      ))}
      {row.cells.length > 10 && <span class="muted">… {row.cells.length}</span>}
    </>
  );
}

function Row(props: SweepTableProps & { readonly row: SweepRow; readonly decimals: readonly number[] }): JSX.Element {
  const { row, stage, metrics, decimals, grouped, chosen, onChoose } = props;
  const isChosen = chosen.includes(row.key);
  const name = row.labels.length > 0 ? row.labels.join(', ') : row.key;
  return (
    <tr class={isChosen ? 'chosen' : ''}>
      <td>
        <input type="checkbox" checked={isChosen} aria-label={`compare ${name}`} onChange={() => onChoose(row.key)} />
      </td>
      {row.labels.map((label, at) => (
        <td key={stage.names[at]}>{label}</td>
      ))}
      {metrics.map((metric, at) => (
        <td key={metric} class="number">
          {measuredText(measuredOf(row, metric), decimals[at] ?? 4)}
        </td>
      ))}
      <td>
        {[...row.states].map(([state, count]) => (
          <StateMark key={state} state={state} {...(row.cells.length > 1 && { count })} />
        ))}
      </td>
      <td>
        <RowCells row={row} grouped={grouped} />
      </td>
    </tr>
  );
}

/** Turns the pages of a long table. */
function Pager(props: {
  readonly page: number;
  readonly rows: number;
  readonly onPage: (page: number) => void;
}): JSX.Element | null {
  const { page, rows, onPage } = props;
  if (rows <= pageSize) return null;
  const last = Math.ceil(rows / pageSize) - 1;
  return (
    <nav class="pager" aria-label="pages of the table">
      <button type="button" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Previous
      </button>
      <span>
        rows {page * pageSize + 1}–{Math.min(rows, (page + 1) * pageSize)} of {rows}
      </span>
      <button type="button" disabled={page >= last} onClick={() => onPage(page + 1)}>
        Next
      </button>
    </nav>
  );
}

/**
 * The rows of a stage, a page at a time.
 *
 * @param props - rows, what is shown of them, and who is told
 * @returns the table
 */
export function SweepTable(props: SweepTableProps): JSX.Element {
  const { stage, rows, metrics, sorting, onSort, grouped } = props;
  const [wanted, setPage] = useState(0);
  const page = Math.min(wanted, Math.max(0, Math.ceil(rows.length / pageSize) - 1));
  useEffect(() => setPage(0), [stage.id, grouped, sorting?.by, sorting?.descending]);
  const shown = rows.slice(page * pageSize, (page + 1) * pageSize);
  const decimals = metrics.map((metric) =>
    decimalsOf(rows.flatMap(({ cells }) => cells.flatMap(({ progress }) => progress.metrics?.[metric] ?? []))),
  );
  return (
    <>
      <div class="table-frame" tabIndex={0} role="region" aria-label={`cells of ${stage.id}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="for-readers">compare</span>
              </th>
              {stage.names.map((name) => (
                <SortHead key={name} name={name} isMetric={false} sorting={sorting} onSort={onSort} />
              ))}
              {metrics.map((name) => (
                <SortHead key={name} name={name} isMetric sorting={sorting} onSort={onSort} />
              ))}
              <SortHead name="state" isMetric={false} sorting={sorting} onSort={onSort} />
              <th scope="col">{grouped ? 'seeds' : 'cell'}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row.key} {...props} row={row} decimals={decimals} />
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p class="muted">No row has all of these words.</p>}
      <Pager page={page} rows={rows.length} onPage={setPage} />
    </>
  );
}
