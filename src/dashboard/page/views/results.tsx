import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { costNames, numberNames, overChart, parallelChart, varyingNames } from '../../charts/sweep-charts.ts';
import type { StageData } from '../../data/run-data.ts';
import {
  filterRows,
  firstStage,
  metricNames,
  sortRows,
  sweepRows,
  type Sorting,
  type SweepRow,
} from '../../data/sweep.ts';
import { ChartView } from '../chart-view.tsx';
import { stageLink } from '../links.ts';
import { Choice, Section } from '../parts.tsx';
import type { Selecting } from '../selection.ts';
import type { ShownRun } from '../shown-run.ts';
import { SweepTable } from './sweep-table.tsx';

/** Metrics that the table shows unless somebody asks for more. */
const firstMetrics = 5;

/** Draws a metric over a number. */
function OverNumber({ rows, stage, metric }: ChartProps): JSX.Element | null {
  const numbers = [...numberNames(rows, stage.names), ...costNames(rows)];
  const [x, setX] = useState<string>();
  const [line, setLine] = useState<string>();
  const over = x !== undefined && numbers.includes(x) ? x : numbers[0];
  const others = stage.names.filter((name) => name !== over);
  const varying = varyingNames(rows, stage.names).filter((name) => name !== over);
  const series =
    line !== undefined && (line === 'none' || others.includes(line))
      ? line
      : varying.includes('kd_method')
        ? 'kd_method'
        : (varying.at(-1) ?? 'none');
  const chart = useMemo(
    () =>
      over === undefined
        ? undefined
        : overChart(rows, stage.names, { x: over, y: metric, series: series === 'none' ? undefined : series }),
    [rows, over, metric, series],
  );
  if (!chart || over === undefined) return null;
  return (
    <Section
      title={`${metric} over ${over}`}
      beside={
        <>
          <Choice label="Over" value={over} options={numbers} onChange={setX} />
          <Choice label="A line a" value={series} options={['none', ...others]} onChange={setLine} />
        </>
      }
    >
      <p class="muted">Mean ± sample standard deviation over seeds; dashed lines are rows that have no {over}.</p>
      <figure>
        <ChartView chart={chart} />
      </figure>
    </Section>
  );
}

/** What charts are drawn of. */
interface ChartProps {
  readonly rows: readonly SweepRow[];
  readonly stage: StageData;
  readonly metric: string;
}

function Parallel({ rows, stage, metric }: ChartProps): JSX.Element | null {
  const chart = useMemo(() => parallelChart(rows, stage.names, metric), [rows, metric]);
  if (varyingNames(rows, stage.names).length < 2) return null;
  return (
    <Section title="Parallel coordinates">
      <p class="muted">A line a row, coloured by {metric}.</p>
      <figure>
        <ChartView chart={chart} />
      </figure>
    </Section>
  );
}

/** What is drawn of rows, and the choice of which metric. */
function Charts(props: Omit<ChartProps, 'metric'> & { readonly metrics: readonly string[] }): JSX.Element | null {
  const { rows, stage, metrics } = props;
  const [drawn, setDrawn] = useState<string>();
  const metric = drawn !== undefined && metrics.includes(drawn) ? drawn : metrics[0];
  if (metric === undefined) return null;
  return (
    <>
      <div class="controls">
        <Choice label="Charts of" value={metric} options={metrics} onChange={setDrawn} />
      </div>
      <OverNumber rows={rows} stage={stage} metric={metric} />
      <Parallel rows={rows} stage={stage} metric={metric} />
    </>
  );
}

/** Chooses which metrics are columns. */
function Columns(props: {
  readonly all: readonly string[];
  readonly shown: readonly string[];
  readonly onChange: (shown: readonly string[]) => void;
}): JSX.Element {
  const { all, shown, onChange } = props;
  return (
    <details class="columns">
      <summary>Columns</summary>
      <ul>
        {all.map((name) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={shown.includes(name)}
                onChange={() => onChange(all.filter((one) => (one === name) !== shown.includes(one)))}
              />{' '}
              {name}
            </label>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** What the view of a stage is about. */
interface ResultsProps {
  readonly run: ShownRun;
  readonly stage: StageData;
  readonly selecting: Selecting;
}

function StageResults({ run, stage, selecting }: ResultsProps): JSX.Element {
  const hasSeeds = stage.rows.some(({ cells }) => cells.length > 1);
  const [isGrouped, setGrouped] = useState(true);
  const [filter, setFilter] = useState('');
  const [sorting, setSorting] = useState<Sorting>();
  const [columns, setColumns] = useState<readonly string[]>();
  const grouped = isGrouped && hasSeeds;
  const all = useMemo(() => sweepRows(run.live, stage, grouped), [run.live, run.live.changes, stage, grouped]);
  const metrics = useMemo(() => metricNames(all, stage.shown), [all]);
  const rows = useMemo(
    () => sortRows(filterRows(all, stage.names, filter), stage.names, sorting),
    [all, filter, sorting],
  );
  const shown =
    columns ??
    (stage.shown.length > 0 ? metrics.filter((name) => stage.shown.includes(name)) : metrics.slice(0, firstMetrics));
  const { selection, toggle } = selecting;
  const chosen = selection.stage === stage.id && selection.grouped === grouped ? selection.rows : [];
  return (
    <>
      <div class="controls">
        <label class="field grow">
          Filter{' '}
          <input
            type="search"
            value={filter}
            placeholder={`${stage.names[0] ?? 'state'}=… ${metrics[0] ?? 'accuracy'}>0.9 failed`}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
        {hasSeeds && (
          <label class="field">
            <input type="checkbox" checked={isGrouped} onChange={() => setGrouped(!isGrouped)} /> seeds together, mean ±
            sd
          </label>
        )}
        <Columns all={metrics} shown={shown} onChange={setColumns} />
        {chosen.length === 2 ? (
          <a class="button" href="#/compare">
            Compare 2 rows
          </a>
        ) : (
          <span class="muted">Tick two rows to compare them.</span>
        )}
      </div>
      <SweepTable
        {...{ stage, rows, grouped, sorting, chosen, metrics: shown, onSort: setSorting }}
        onChoose={(row) => toggle(stage.id, grouped, row)}
      />
      <Charts rows={rows} stage={stage} metrics={metrics} />
    </>
  );
}

/**
 * The cells of a stage as a table, and what is drawn of them.
 *
 * @param props - the run, the stage that is asked for, and what is chosen
 * @returns the view
 */
export function Results(props: {
  readonly run: ShownRun;
  readonly of: string;
  readonly selecting: Selecting;
}): JSX.Element {
  const { run, of, selecting } = props;
  const { stages } = run.live.data;
  const stage = stages.find(({ id }) => id === of) ?? firstStage(stages);
  if (!stage) return <p>The plan of this run has no stage.</p>;
  return (
    <Section
      title={stage.id}
      beside={
        <Choice
          label="Stage"
          value={stage.id}
          options={stages.map(({ id }) => id)}
          onChange={(id) => (location.hash = stageLink(id))}
        />
      }
    >
      <StageResults key={stage.id} run={run} stage={stage} selecting={selecting} />
    </Section>
  );
}
