import { styleText } from 'node:util';
import { displayWidth, padEnd, shorten, truncate } from '../util/display-width.ts';
import { duration } from '../util/duration.ts';
import { countEnded, isQueued, type Counts, type RunningCell, type RunState } from '../core/run-state.ts';
import { bar, oneLine, progressFacts } from './progress-text.ts';

/** The room that a view has, and the moment that it shows. */
export interface ViewOptions {
  readonly columns: number;
  /** Lines of the terminal; the view leaves one for the cursor. */
  readonly rows: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** True to colour lines with escape sequences. */
  readonly color?: boolean;
}

/** Failures that stay in sight. */
const shownFailures = 3;
/** Columns that a cell's name keeps, however long its facts are. */
const shortestName = 16;
/** Columns of the bars. */
const runBar = 20;
const stageBar = 10;

/** A line and how it is painted. */
interface Line {
  readonly text: string;
  readonly style?: 'bold' | 'dim' | 'red';
}

/** `cub-resnet50  12/30  ████████░░░░░░░░░░░░  1 min 20 s`. */
function header(state: RunState, now: number): string {
  const settled = countEnded(state);
  const drawn = bar(state.total === 0 ? 0 : settled / state.total, runBar);
  return `${state.pipeline}  ${settled}/${state.total}  ${drawn}  ${duration((now - state.startedAt) / 1000)}`;
}

/** `2 running · 16 waiting · 4 reused · 7 finished · 1 failed`; what is zero is left out. */
function countsLine(state: RunState): string {
  const running = state.running.filter((entry) => !isQueued(entry)).length;
  const waiting = Math.max(0, state.total - countEnded(state) - running);
  const ends: readonly (keyof Counts)[] = ['reused', 'finished', 'failed', 'skipped', 'tainted', 'interrupted'];
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

/** What a running cell is at: its bar and facts, whom it waits for, or when it is tried again. */
function activity(entry: RunningCell, now: number): string {
  const since = duration((now - entry.since) / 1000);
  if (entry.retryAt !== undefined) {
    return `attempt ${entry.attempt} in ${duration((entry.retryAt - now) / 1000)}`;
  }
  if (entry.holder !== undefined) return `waits for ${oneLine(entry.holder)}  ${since}`;
  const again = entry.attempt > 1 ? `  attempt ${entry.attempt}` : '';
  if (!entry.progress) return `${since}${again}`;
  const { done, total } = entry.progress;
  const drawn = total > 0 ? `${bar(done / total, stageBar)}  ` : '';
  return `${drawn}${progressFacts(entry.progress).join('  ')}${again}`;
}

/** One line a cell: names in one column, shortened where they must be, activities in the next. */
function besideNames(shown: readonly RunningCell[], activities: readonly string[], columns: number): readonly Line[] {
  const widest = Math.max(0, ...activities.map(displayWidth));
  const room = Math.max(shortestName, columns - widest - 4);
  const names = shown.map((entry) => shorten(entry.cell, room));
  const nameColumns = Math.max(0, ...names.map(displayWidth));
  return names.map((name, at) => ({ text: `  ${padEnd(name, nameColumns)}  ${activities[at] ?? ''}` }));
}

/** Lines of the running cells; two a cell where names are long and there is room, and a last one for those without. */
function runningLines(state: RunState, lines: number, options: ViewOptions): readonly Line[] {
  const { running } = state;
  const activities = running.map((entry) => activity(entry, options.now));
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(displayWidth));
  const tooLong = widest(running.map(({ cell }) => cell)) + widest(activities) + 4 > options.columns;
  if (tooLong && running.length * 2 <= lines) {
    return running.flatMap(({ cell }, at) => [
      { text: `  ${shorten(cell, options.columns - 2)}` },
      { text: `    ${activities[at] ?? ''}`, style: 'dim' as const },
    ]);
  }
  if (running.length <= lines) return besideNames(running, activities, options.columns);
  const shown = running.slice(0, Math.max(0, lines - 1));
  const rest: Line = { text: `  … and ${running.length - shown.length} more running`, style: 'dim' };
  return lines < 1 ? [] : [...besideNames(shown, activities, options.columns), rest];
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
  const head: readonly Line[] = [{ text: header(state, options.now), style: 'bold' }, { text: countsLine(state) }];
  const failures = failureLines(state, Math.floor((budget - head.length) / 2), options.columns);
  const running = runningLines(state, budget - head.length - failures.length, options);
  return [...head, ...running, ...failures].slice(0, budget).map(({ text, style }) => {
    const line = truncate(text, options.columns);
    return options.color && style ? styleText(style, line, { validateStream: false }) : line;
  });
}
