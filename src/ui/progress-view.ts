import { styleText } from 'node:util';
import { displayWidth, shorten, truncate } from '../util/display-width.ts';
import { duration } from '../util/duration.ts';
import { printableLine } from '../util/printable.ts';
import { countEnded, isQueued, type Counts, type RunState } from '../core/run-state.ts';
import type { Moment } from './activity.ts';
import { etaText, runEta } from './eta.ts';
import type { Line } from './line.ts';
import { bar, oneLine } from './progress-text.ts';
import { runningLines } from './running-view.ts';

/** The room that a view has, and the moment that it shows. */
export interface ViewOptions extends Moment {
  readonly columns: number;
  /** Lines of the terminal; the view leaves one for the cursor. */
  readonly rows: number;
  /** True to colour lines with escape sequences. */
  readonly color?: boolean;
}

/** Failures that stay in sight. */
const shownFailures = 3;
/** Columns of the run's bar, as far as there is room. */
const runBars = [20, 10, 0] as const;

/** `cub-resnet50  12/30  ████████░░░░░░░░░░░░  1 min 20 s  ETA ~12 min`; where room is short, the name is cut. */
function header(state: RunState, { now, columns }: ViewOptions): string {
  const settled = countEnded(state);
  const eta = runEta(state, now);
  const facts = (width: number): string =>
    [
      `${settled}/${state.total}`,
      ...(width > 0 ? [bar(state.total === 0 ? 0 : settled / state.total, width)] : []),
      duration((now - state.startedAt) / 1000),
      ...(eta ? [etaText(eta)] : []),
    ].join('  ');
  const all = runBars.map(facts);
  const room = (text: string): number => columns - 2 - displayWidth(text);
  const said = all.find((text) => displayWidth(state.pipeline) <= room(text)) ?? facts(0);
  return `${shorten(state.pipeline, Math.max(0, room(said)))}  ${said}`;
}

/** `2 running · 16 waiting · 4 reused · 7 finished · 1 failed`; what is zero is left out. */
function countsLine(state: RunState): string {
  const running = state.running.filter((entry) => !isQueued(entry)).length;
  const waiting = Math.max(0, state.total - countEnded(state) - running);
  const ends: readonly (keyof Counts)[] = [
    'reused',
    'finished',
    'failed',
    'skipped',
    'stopped',
    'tainted',
    'interrupted',
  ];
  const all = [
    [running, 'running'] as const,
    [waiting, 'waiting'] as const,
    ...ends.map((end) => [state.counts[end], end] as const),
  ];
  return all
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(' · ');
}

/** The last failures, newest at the bottom; half a line for the name, so that the message can be read. */
function failureLines(state: RunState, lines: number, columns: number): readonly Line[] {
  const shown = lines < 1 ? [] : state.failures.slice(-Math.min(lines, shownFailures));
  return shown.map(({ cell, failure }) => ({
    text: `  ✗ ${shorten(cell, Math.floor(columns / 2))}: ${oneLine(failure.message)} [${failure.code}]`,
    style: 'red',
  }));
}

/**
 * Draws a run: a head with counts, the running cells with bars and rates, the last failures. However large the sweep
 * is, the view never takes more lines than the terminal has, nor a line more columns.
 *
 * @param state - the run's state
 * @param options - the room and the moment
 * @returns the lines; none before the run starts
 */
export function progressView(state: RunState, options: ViewOptions): readonly string[] {
  if (state.startedAt === 0) return [];
  const budget = Math.max(1, options.rows - 1);
  const head: readonly Line[] = [{ text: header(state, options), style: 'bold' }, { text: countsLine(state) }];
  const failures = failureLines(state, Math.floor((budget - head.length) / 2), options.columns);
  const lines = budget - head.length - failures.length;
  const running = runningLines(state.running, { ...options, lines });
  return [...head, ...running, ...failures].slice(0, budget).map(({ text, style }) => {
    const line = truncate(printableLine(text), options.columns);
    return options.color && style ? styleText(style, line, { validateStream: false }) : line;
  });
}
