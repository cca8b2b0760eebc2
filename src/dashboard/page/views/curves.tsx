import type { JSX } from 'preact';
import { useEffect, useMemo, useReducer, useState } from 'preact/hooks';
import { lineColours, mostLines } from '../../charts/chart.ts';
import { curveCharts } from '../../charts/curves.ts';
import type { CellData } from '../../data/run-data.ts';
import { ChartView } from '../chart-view.tsx';
import { CellLink, Section } from '../parts.tsx';
import { Courses, type ShownRun } from '../shown-run.ts';

/** Lines that are drawn unless somebody asks for others. */
const firstLines = 12;
const training = new Set(['train', 'train-teacher', 'distill-student']);

/** What has started, the running first; then by the order of the plan. */
function startedFirst(cells: readonly CellData[]): readonly CellData[] {
  const rank = ({ progress }: CellData): number =>
    progress.state === 'running' ? 0 : progress.state === 'waiting' ? 2 : 1;
  return [...cells].sort((one, other) => rank(one) - rank(other));
}

/**
 * Draws the courses of some trainings.
 *
 * @param props - the run, and cells of it
 * @returns a chart for each kind of number
 */
export function CurvePanels(props: { readonly run: ShownRun; readonly cells: readonly string[] }): JSX.Element {
  const { run, cells } = props;
  const courses = useMemo(() => new Courses(run), [run.live]);
  const [loaded, onLoaded] = useReducer((count: number) => count + 1, 0);
  const key = cells.join('\n');
  useEffect(() => {
    void courses.load(cells).then(() => onLoaded(undefined));
  }, [courses, key]);
  const rows = cells.reduce((sum, cell) => sum + courses.of(cell).length, 0);
  const charts = useMemo(
    () => curveCharts(cells.map((cell) => ({ name: run.names.get(cell) ?? cell, rows: courses.of(cell) }))),
    [key, rows, loaded],
  );
  if (charts.length === 0) return <p class="muted">No epoch has ended yet.</p>;
  return (
    <div class="panels">
      {charts.map(({ name, chart }) => (
        <figure key={name}>
          <figcaption>{name}</figcaption>
          <ChartView chart={chart} />
        </figure>
      ))}
    </div>
  );
}

/**
 * Trainings as they go on, beside each other.
 *
 * @param props - the run
 * @returns the view
 */
export function Curves({ run }: { readonly run: ShownRun }): JSX.Element {
  const [filter, setFilter] = useState('');
  const { cells, data } = run.live;
  const trained = cells.filter(
    ({ id, stage }) => training.has(data.stages[stage]?.kind ?? '') || run.live.curves(id).length > 0,
  );
  const words = filter.toLowerCase().split(/\s+/);
  const named = startedFirst(trained.filter(({ id }) => words.every((word) => id.toLowerCase().includes(word))));
  const shown = named.slice(0, filter === '' ? firstLines : mostLines).map(({ id }) => id);
  const colours = lineColours(shown.length);
  return (
    <Section
      title="Training curves"
      beside={
        <label class="field">
          Cells that hold{' '}
          <input
            type="search"
            value={filter}
            placeholder="kd_ratio=0.5 seed=0"
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
      }
    >
      {trained.length === 0 && <p class="muted">No stage of this run trains a network.</p>}
      <ul class="legend">
        {shown.map((id, at) => (
          <li key={id}>
            <span class="swatch" style={{ backgroundColor: colours[at] }} aria-hidden="true" />
            <CellLink run={run} id={id} />
          </li>
        ))}
      </ul>
      {named.length > shown.length && (
        <p class="muted">
          {shown.length} of {named.length} are drawn: name others above.
        </p>
      )}
      {shown.length > 0 && <CurvePanels run={run} cells={shown} />}
    </Section>
  );
}
