import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { box, stageGraph, type Edge } from '../../data/graph.ts';
import type { CellData } from '../../data/run-data.ts';
import type { RunningCell } from '../../../core/run-state.ts';
import { duration } from '../../../util/duration.ts';
import { stageLink } from '../links.ts';
import { CellLink, Section, StateBar, StateMark, statesText, useNow } from '../parts.tsx';
import type { ShownRun } from '../shown-run.ts';

/** Rows of a list that are shown at once. */
const mostRunning = 40;
const mostFailures = 50;

/** A line that leaves and meets boxes level. */
function EdgeLine({ points }: Edge): JSX.Element {
  const [first, ...others] = points;
  let before = first ?? { x: 0, y: 0 };
  const steps = others.map((point) => {
    const bend = (before.x + point.x) / 2;
    const step = `C${bend},${before.y} ${bend},${point.y} ${point.x},${point.y}`;
    before = point;
    return step;
  });
  return <path d={`M${first?.x ?? 0},${first?.y ?? 0} ${steps.join(' ')}`} />;
}

/** The graph of the stages; each box leads to the table of its cells. */
function StageGraph({ run }: { readonly run: ShownRun }): JSX.Element {
  const graph = useMemo(() => stageGraph(run.live.data), [run.live, run.live.changes]);
  const size = { width: `${graph.width}px`, height: `${graph.height}px` };
  return (
    <div class="graph" tabIndex={0} role="group" aria-label="stages and what they read">
      <div class="graph-inside" style={size}>
        <svg style={size} aria-hidden="true">
          {graph.edges.map((edge) => (
            <EdgeLine key={`${edge.from} ${edge.to}`} {...edge} />
          ))}
        </svg>
        {graph.boxes.map(({ stage, x, y, states, cells }) => (
          <a
            key={stage.id}
            class="stage-box"
            href={stageLink(stage.id)}
            style={{ left: `${x}px`, top: `${y}px`, width: `${box.width}px`, height: `${box.height}px` }}
          >
            <span class="stage-name">{stage.id}</span>
            <span class="stage-kind">
              {stage.kind}, {cells === 1 ? '1 cell' : `${cells} cells`}
            </span>
            <StateBar states={states} />
            <span class="stage-states">{statesText(states)}</span>
          </a>
        ))}
      </div>
    </div>
  );
}

/** How far a running cell is, in words. */
function progressText({ progress, holder, retryAt }: RunningCell, now: number): string {
  if (retryAt !== undefined) return `starts again in ${duration((retryAt - now) / 1000)}`;
  if (holder !== undefined) return `waits for ${holder}`;
  if (!progress) return 'has started';
  const { done, total, unit, imagesPerSecond, loss, eta } = progress;
  const words = [`${Number(done.toFixed(2))} of ${total} ${unit}`];
  if (loss !== undefined) words.push(`loss ${loss.toPrecision(4)}`);
  if (imagesPerSecond !== undefined) words.push(`${Math.round(imagesPerSecond)} images/s`);
  if (eta !== undefined) words.push(`${duration(eta)} left`);
  return words.join(' · ');
}

function RunningList({ run }: { readonly run: ShownRun }): JSX.Element {
  const { running, ended } = run.live.state;
  const now = useNow(run.source.isLive && !ended);
  const shown = running.slice(0, mostRunning);
  return (
    <Section title={`Running (${running.length})`}>
      <ul class="running">
        {shown.map((one) => (
          <li key={one.cell}>
            <CellLink run={run} id={one.cell} />
            <progress
              max={one.progress?.total ?? 1}
              value={one.progress?.done ?? 0}
              aria-label={`progress of ${one.cell}`}
            />
            <span class="muted">
              {progressText(one, now)} · {duration((now - one.since) / 1000)} so far
            </span>
          </li>
        ))}
      </ul>
      {running.length > shown.length && <p class="muted">and {running.length - shown.length} more</p>}
    </Section>
  );
}

function Failure({ run, cell }: { readonly run: ShownRun; readonly cell: CellData }): JSX.Element {
  const { failure, tail = [] } = cell.progress;
  return (
    <li>
      <CellLink run={run} id={cell.id} />: {failure?.message} {failure && <code>[{failure.code}]</code>}
      {failure?.fix !== undefined && <span class="muted"> — {failure.fix}</span>}
      {tail.length > 0 && (
        <details>
          <summary>last lines of its log</summary>
          <pre tabIndex={0}>{tail.join('\n')}</pre>
        </details>
      )}
    </li>
  );
}

/**
 * The run at a glance: stages, what runs, what failed.
 *
 * @param props - the run
 * @returns the view
 */
export function Overview({ run }: { readonly run: ShownRun }): JSX.Element {
  const { cells, state, data } = run.live;
  const failed = useMemo(
    () => cells.filter(({ progress }) => progress.state === 'failed'),
    [run.live, run.live.changes],
  );
  return (
    <>
      {data.description !== '' && <p class="description">{data.description}</p>}
      <Section title="Stages">
        <StageGraph run={run} />
      </Section>
      {state.running.length > 0 && <RunningList run={run} />}
      {failed.length > 0 && (
        <Section title={`Failed (${failed.length})`} beside={<StateMark state="failed" />}>
          <ul class="failures">
            {failed.slice(0, mostFailures).map((cell) => (
              <Failure key={cell.id} run={run} cell={cell} />
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
