import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { decimalsOf, measuredText, pText, signedText } from '../../../report/tables/number-text.ts';
import { rowName } from '../../data/cell-names.ts';
import {
  methodText,
  metricDifferences,
  parameterDifferences,
  verdictOf,
  type MetricDifference,
} from '../../data/compare.ts';
import { LiveRun } from '../../data/live-run.ts';
import type { StageData } from '../../data/run-data.ts';
import { firstStage, metricNames, sweepRows, type SweepRow } from '../../data/sweep.ts';
import { Choice, Section, useAnswer } from '../parts.tsx';
import type { Selecting } from '../selection.ts';
import type { ShownRun } from '../shown-run.ts';

/** A row of a run. */
interface Side {
  readonly live: LiveRun;
  readonly row: SweepRow;
}

function DifferenceRow({ difference }: { readonly difference: MetricDifference }): JSX.Element {
  const { name, ours, theirs, comparison } = difference;
  const decimals = decimalsOf([ours.mean, theirs.mean].filter((value) => !Number.isNaN(value)));
  const { judged } = comparison ?? {};
  const verdict = verdictOf(difference);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{measuredText(ours, decimals)}</td>
      <td class="number">{measuredText(theirs, decimals)}</td>
      <td class={`number ${verdict}`}>
        {comparison ? signedText(comparison.mean, decimals) : '–'}
        {verdict !== '' && <span class="verdict"> {verdict}</span>}
      </td>
      <td class="number">
        {judged
          ? `[${signedText(judged.low, decimals)}, ${signedText(judged.high, decimals)}] ${pText(judged.p)}`
          : '–'}
      </td>
    </tr>
  );
}

function Metrics({ ours, theirs }: { readonly ours: Side; readonly theirs: Side }): JSX.Element {
  const names = metricNames([ours.row, theirs.row], []);
  const differences = metricDifferences(ours.row, theirs.row, names);
  return (
    <>
      <div class="table-frame" tabIndex={0} role="region" aria-label="metrics of both">
        <table>
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col" class="number">
                A
              </th>
              <th scope="col" class="number">
                B
              </th>
              <th scope="col" class="number">
                A − B
              </th>
              <th scope="col" class="number">
                95 % interval
              </th>
            </tr>
          </thead>
          <tbody>
            {differences.map((difference) => (
              <DifferenceRow key={difference.name} difference={difference} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted">{methodText(differences)}</p>
    </>
  );
}

function Parameters({ ours, theirs }: { readonly ours: Side; readonly theirs: Side }): JSX.Element {
  const [one, other] = [ours.row.cells[0], theirs.row.cells[0]];
  const found =
    one && other ? parameterDifferences({ run: ours.live, cell: one }, { run: theirs.live, cell: other }) : [];
  if (found.length === 0) return <p class="muted">Their parameters are equal.</p>;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="parameters that differ">
      <table>
        <thead>
          <tr>
            <th scope="col">parameter</th>
            <th scope="col">A</th>
            <th scope="col">B</th>
          </tr>
        </thead>
        <tbody>
          {found.map(({ name, ours: left, theirs: right }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{left ?? '–'}</td>
              <td>{right ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Chooses a row; of many by typing. */
function RowChoice(props: {
  readonly label: string;
  readonly rows: readonly SweepRow[];
  readonly stage: StageData;
  readonly value: SweepRow | undefined;
  readonly onChange: (key: string) => void;
}): JSX.Element {
  const { label, rows, stage, value, onChange } = props;
  const most = 500;
  const shown = value && !rows.slice(0, most).includes(value) ? [value, ...rows.slice(0, most)] : rows.slice(0, most);
  return (
    <label class="field grow">
      {label}{' '}
      <select value={value?.key ?? ''} onChange={(event) => onChange(event.currentTarget.value)}>
        {shown.map((row) => (
          <option key={row.key} value={row.key}>
            {rowName(row, stage)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Loads another run, which is not followed. */
function useOther(run: ShownRun, name: string): { readonly live?: LiveRun; readonly problem?: string } {
  const { answer, problem } = useAnswer(async () => {
    if (name === run.name) return undefined;
    const { data } = await run.source.snapshot(name);
    return new LiveRun(data);
  }, [name]);
  if (problem !== undefined) return { problem };
  if (name === run.name) return { live: run.live };
  return answer?.data.run === name ? { live: answer } : {};
}

/** Two rows beside each other. */
function Both({ ours, theirs }: { readonly ours: Side; readonly theirs: Side }): JSX.Element {
  return (
    <>
      <h3>Parameters that differ</h3>
      <Parameters ours={ours} theirs={theirs} />
      <h3>Metrics</h3>
      <Metrics ours={ours} theirs={theirs} />
    </>
  );
}

/**
 * Two rows, of one run or of two, and how they differ.
 *
 * @param props - the run, and what is chosen
 * @returns the view
 */
export function Compare({ run, selecting }: { readonly run: ShownRun; readonly selecting: Selecting }): JSX.Element {
  const { selection, set } = selecting;
  const { answer: runs = [] } = useAnswer(() => run.source.runs(), []);
  const [otherName, setOther] = useState(run.name);
  const { live: other, problem } = useOther(run, otherName);
  const { stages } = run.live.data;
  const stage = stages.find(({ id }) => id === selection.stage) ?? firstStage(stages);
  const otherStage = other?.data.stages.find(({ id }) => id === stage?.id);
  const { grouped } = selection;
  const left = useMemo(
    () => (stage ? sweepRows(run.live, stage, grouped) : []),
    [run.live, run.live.changes, stage, grouped],
  );
  const right = useMemo(
    () => (other && otherStage ? sweepRows(other, otherStage, grouped) : []),
    [run.live.changes, other, otherStage, grouped],
  );
  if (!stage) return <p>The plan of this run has no stage.</p>;
  const [first, second] = selection.rows;
  const ours = left.find(({ key }) => key === first) ?? left[0];
  const fallback =
    otherName === run.name ? right.find((row) => row.key !== ours?.key) : right.find(({ key }) => key === ours?.key);
  const theirs = right.find(({ key }) => key === second) ?? fallback ?? right[0];
  const choose = (one: string | undefined, two: string | undefined): void =>
    set({ stage: stage.id, grouped, rows: [one, two].flatMap((key) => key ?? []) });
  return (
    <Section
      title="Compare"
      beside={
        <>
          <Choice
            label="Stage"
            value={stage.id}
            options={stages.map(({ id }) => id)}
            onChange={(id) => set({ stage: id, grouped, rows: [] })}
          />
          {runs.length > 1 && (
            <Choice label="B of run" value={otherName} options={runs.map((one) => one.run)} onChange={setOther} />
          )}
        </>
      }
    >
      <div class="controls">
        <RowChoice label="A" rows={left} stage={stage} value={ours} onChange={(key) => choose(key, theirs?.key)} />
        <RowChoice
          label="B"
          rows={right}
          stage={otherStage ?? stage}
          value={theirs}
          onChange={(key) => choose(ours?.key, key)}
        />
      </div>
      {problem !== undefined && <p class="problem">{problem}</p>}
      {other && !otherStage && <p class="muted">That run has no stage called {stage.id}.</p>}
      {ours && theirs && other && <Both ours={{ live: run.live, row: ours }} theirs={{ live: other, row: theirs }} />}
    </Section>
  );
}
