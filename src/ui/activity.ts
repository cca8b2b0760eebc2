import type { Progress } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import type { RunningCell } from '../core/run-state.ts';
import { truncate } from '../util/display-width.ts';
import { duration } from '../util/duration.ts';
import { largest } from '../util/extremes.ts';
import { bar, briefNumber, oneLine, progressFacts } from './progress-text.ts';

/** The moment that a view shows, and what programs wrote by then. */
export interface Moment {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** The last line that each program wrote, of cells that tell no progress. */
  readonly lastLines?: ReadonlyMap<CellId, string>;
}

/** How much is said of what runs: from everything to what is never left out. */
export const detailLevels = [0, 1, 2, 3, 4] as const;
/** One of the levels. */
export type Detail = (typeof detailLevels)[number];

/** Columns of a bar, by level. */
const barColumns = [10, 5, 5, 5, 0] as const;
/** Columns of a program's last line that others make room for. */
const lastLineRoom = 28;

/** `██████░░░░  6/10 epochs  1369 img/s  loss 0.412  ETA 12.0 s`, and less where there is less room; the ETA stays. */
function progressText(progress: Progress, detail: Detail): readonly string[] {
  const { loss, imagesPerSecond, bytesPerSecond, ...rest } = progress;
  const told: Progress = {
    ...rest,
    ...(detail < 2 && loss !== undefined && { loss }),
    ...(detail < 3 && imagesPerSecond !== undefined && { imagesPerSecond }),
    ...(detail < 3 && bytesPerSecond !== undefined && { bytesPerSecond }),
  };
  const columns = progress.total > 0 ? barColumns[detail] : 0;
  return [...(columns > 0 ? [bar(progress.done / progress.total, columns)] : []), ...progressFacts(told)];
}

/**
 * Says what a running cell is at: how far it is, whom it waits for, when it is tried again, or how long it has run and
 * what its program wrote last.
 *
 * @param entry - the cell
 * @param detail - how much there is room for
 * @param moment - the time, and last lines
 * @returns the text
 */
export function activity(entry: RunningCell, detail: Detail, moment: Moment): string {
  const { now, lastLines } = moment;
  const since = duration((now - entry.since) / 1000);
  if (entry.retryAt !== undefined) return `attempt ${entry.attempt} in ${duration((entry.retryAt - now) / 1000)}`;
  if (entry.holder !== undefined) return `waits for ${oneLine(entry.holder)}  ${since}`;
  const again = entry.attempt > 1 ? [`attempt ${entry.attempt}`] : [];
  if (entry.progress) return [...progressText(entry.progress, detail), ...again].join('  ');
  const line = lastLines?.get(entry.cell);
  return [since, ...again, ...(line === undefined ? [] : [line])].join('  ');
}

/**
 * What of an activity others make room for: a program's last line is cut before a name is.
 *
 * @param entry - the cell
 * @param detail - as of {@link activity}
 * @param moment - as of {@link activity}
 * @returns the text, its last line cut
 */
export function leastActivity(entry: RunningCell, detail: Detail, moment: Moment): string {
  const { now, lastLines } = moment;
  const line = lastLines?.get(entry.cell);
  const cut = line === undefined ? undefined : new Map([[entry.cell, truncate(line, lastLineRoom)]]);
  return activity(entry, detail, cut ? { now, lastLines: cut } : { now });
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/**
 * The progress of a cohort: its members run in lock-step, so that it has one rate, that of all of them, and one ETA.
 *
 * @param members - its cells that still run
 * @returns the progress; undefined before any of them told some
 */
export function cohortProgress(members: readonly RunningCell[]): Progress | undefined {
  const told = members.flatMap(({ progress }) => progress ?? []);
  const [first] = told;
  if (!first) return undefined;
  const rates = told.flatMap(({ imagesPerSecond }) => imagesPerSecond ?? []);
  const etas = told.flatMap(({ eta }) => eta ?? []);
  return {
    done: Math.round((sum(told.map(({ done }) => done)) / told.length) * 100) / 100,
    total: first.total,
    unit: first.unit,
    ...(rates.length > 0 && { imagesPerSecond: sum(rates) }),
    ...(etas.length > 0 && { eta: largest(etas) }),
  };
}

/** How far a member may be from its cohort before that is said, as a share of the whole. */
const notable = 0.1;

/**
 * Says of a member of a cohort what is its own: its loss, and how far it is where that is not how far the others are.
 *
 * @param entry - the member
 * @param cohort - its cohort's progress
 * @returns the text; empty where there is nothing to say
 */
export function memberActivity(entry: RunningCell, cohort: Progress | undefined): string {
  if (entry.holder !== undefined) return `waits for ${oneLine(entry.holder)}`;
  const { progress } = entry;
  if (!progress || !cohort) return '';
  const apart = progress.total > 0 && Math.abs(progress.done - cohort.done) / progress.total > notable;
  const facts = apart ? [`${briefNumber(progress.done)}/${briefNumber(progress.total)}`] : [];
  if (progress.loss !== undefined) facts.push(`loss ${progress.loss.toPrecision(3)}`);
  return facts.join('  ');
}
