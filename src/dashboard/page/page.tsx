/** The page: a run, its views, and where they are in the address. */
import { render, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { countEnded } from '../../core/run-state.ts';
import { duration } from '../../util/duration.ts';

import { routeOf } from './links.ts';
import { StateMark, useAnswer, useNow } from './parts.tsx';
import { useSelection, type Selecting } from './selection.ts';
import { useRun, type ShownRun } from './shown-run.ts';
import { findSource, type Source } from './source.ts';
import { CellView } from './views/cell.tsx';
import { Compare } from './views/compare.tsx';
import { Curves } from './views/curves.tsx';
import { Overview } from './views/overview.tsx';
import { Results } from './views/results.tsx';

/** What a view is given. */
interface ViewProps {
  readonly run: ShownRun;
  readonly of: string;
  readonly selecting: Selecting;
}

/** The views by their names in the address. A new one is a line here. */
const views: Readonly<Record<string, { readonly title?: string; readonly show: (props: ViewProps) => JSX.Element }>> = {
  overview: { title: 'Overview', show: ({ run }) => <Overview run={run} /> },
  training: { title: 'Training', show: ({ run }) => <Curves run={run} /> },
  results: { title: 'Results', show: (props) => <Results {...props} /> },
  compare: { title: 'Compare', show: ({ run, selecting }) => <Compare run={run} selecting={selecting} /> },
  cell: { show: ({ run, of }) => <CellView run={run} of={of} /> },
};

/** Where the page is. */
function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = (): void => {
      setHash(location.hash);
      scrollTo(0, 0);
    };
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return hash;
}

/** Whether a run goes on, in a word that has a colour. */
function RunMark({ run }: { readonly run: ShownRun }): JSX.Element {
  const { state, alive } = run.live;
  if (state.ended) {
    const { status } = state.ended;
    return <StateMark state={status === 'done' ? 'finished' : status} />;
  }
  if (state.cluster !== undefined && alive !== true) return <span class="state">in the queue of {state.cluster}</span>;
  if (alive === false) return <span class="state state-failed">ended without a word: killed, or lost power</span>;
  return <StateMark state="running" />;
}

function Summary({ run }: { readonly run: ShownRun }): JSX.Element {
  const { state, data } = run.live;
  const now = useNow(run.source.isLive && !state.ended && run.live.alive !== false);
  const done = countEnded(state);
  const seconds = state.ended?.seconds ?? (state.startedAt > 0 ? (now - state.startedAt) / 1000 : 0);
  return (
    <div class="summary">
      <RunMark run={run} />
      <progress max={Math.max(1, state.total)} value={done} aria-label="cells that are done" />
      <span>
        {done} of {state.total} cells · {duration(seconds)}
      </span>
      {data.command !== '' && <code>{data.command}</code>}
      {data.commit !== null && <span class="muted">commit {data.commit.slice(0, 12)}</span>}
    </div>
  );
}

/** Chooses a run; of a file there is only one. */
function RunChoice({ run }: { readonly run: ShownRun }): JSX.Element {
  const { answer = [] } = useAnswer(() => run.source.runs(), [run.live.state.ended]);
  const { pipeline } = run.live.data;
  const own = { run: run.name, pipeline };
  const runs = answer.some((one) => one.run === run.name) ? answer : [own, ...answer];
  if (!run.source.isLive) return <span class="muted">run {run.name}</span>;
  return (
    <label class="field">
      Run{' '}
      <select
        value={run.name}
        onChange={(event) => (location.search = `?run=${encodeURIComponent(event.currentTarget.value)}`)}
      >
        {runs.map((one) => (
          <option key={one.run} value={one.run}>
            {one.pipeline} · {one.run}
          </option>
        ))}
      </select>
    </label>
  );
}

function Frame({ run }: { readonly run: ShownRun }): JSX.Element {
  const { view, of } = routeOf(useHash());
  const selecting = useSelection();
  const shown = views[view] ?? views['overview'];
  const { pipeline } = run.live.data;
  useEffect(() => void (document.title = `${pipeline} · kdpipe`), [pipeline]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skipTo(event)}>
        To the content
      </a>
      <header>
        <div class="head">
          <h1>{pipeline}</h1>
          <RunChoice run={run} />
        </div>
        <Summary run={run} />
        <nav aria-label="views">
          {Object.entries(views).map(
            ([name, { title }]) =>
              title !== undefined && (
                <a key={name} href={`#/${name}`} aria-current={name === view ? 'page' : undefined}>
                  {title}
                </a>
              ),
          )}
        </nav>
      </header>
      {!run.isConnected && (
        <p class="warning" role="status">
          kdpipe dashboard does not answer: what is shown is as it was. The page goes on by itself once it is back.
        </p>
      )}
      {run.source.leftOut.map((what) => (
        <p key={what} class="warning">
          {what}
        </p>
      ))}
      <main id="main" tabIndex={-1}>
        {shown?.show({ run, of, selecting })}
      </main>
    </>
  );
}

/** The address behind `#` is a view's: the link moves the focus alone. */
function skipTo(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Page({ source }: { readonly source: Source }): JSX.Element {
  const wanted = new URLSearchParams(location.search).get('run') ?? undefined;
  const { run, problem } = useRun(source, wanted);
  if (problem !== undefined)
    return (
      <main>
        <h1>kdpipe</h1>
        <p class="problem">{problem}</p>
        <p>
          <a href="?">The latest run</a>
        </p>
      </main>
    );
  return run ? (
    <Frame run={run} />
  ) : (
    <main>
      <h1>kdpipe</h1>
      <p class="muted">The run is being read …</p>
    </main>
  );
}

const place = document.getElementById('app');
if (place) render(<Page source={findSource()} />, place);
