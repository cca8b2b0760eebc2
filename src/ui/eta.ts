import type { CellTime, StageOutlook } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import { isQueued, type RunningCell, type RunState } from '../core/run-state.ts';
import { duration } from '../util/duration.ts';
import { largest } from '../util/extremes.ts';
import { groupBy } from '../util/group.ts';
import { stageOf } from './cell-name.ts';

/** When a run will probably end. */
export interface RunEta {
  readonly seconds: number;
  /** True where nothing is known yet of some cells: it takes longer. */
  readonly atLeast: boolean;
}

/** Cells that run together on one slot: a cohort, or one alone. */
interface Unit {
  readonly stage: string;
  readonly cells: number;
  /** Cells that it had when it started. */
  readonly size: number;
  /** Seconds since it started. */
  readonly elapsed: number;
  /** Seconds that it still takes, as its cells say. */
  readonly left: number | undefined;
}

/** Sums over cells. */
class Times {
  readonly #sums = new Map<string, { count: number; wall: number; slot: number }>();

  /** Takes the seconds that some cells took together. */
  add(name: string, wall: number, size: number, cells = 1): void {
    const { count, wall: walls, slot } = this.#sums.get(name) ?? { count: 0, wall: 0, slot: 0 };
    this.#sums.set(name, { count: count + cells, wall: walls + wall * cells, slot: slot + (wall * cells) / size });
  }

  mean(name: string): CellTime | undefined {
    const sum = this.#sums.get(name);
    return sum && { wall: sum.wall / sum.count, slot: sum.slot / sum.count };
  }
}

const keyOf = (kind: string): string => `kind ${kind}`;

/** What runs, in units. */
function unitsOf(running: readonly RunningCell[], now: number): readonly Unit[] {
  const started = running.filter((entry) => !isQueued(entry) && entry.retryAt === undefined);
  return [...groupBy(started, ({ cell, cohort }) => cohort?.first ?? cell).values()].map((entries) => {
    const etas = entries.flatMap(({ progress }) => progress?.eta ?? []);
    return {
      stage: stageOf(entries[0]?.cell ?? ''),
      cells: entries.length,
      size: entries[0]?.cohort?.size ?? 1,
      elapsed: largest(entries.map(({ since }) => now - since)) / 1000,
      left: etas.length > 0 ? largest(etas) : undefined,
    };
  });
}

/** How many cells of each stage have ended, and what those took that were made. */
function pastOf(state: RunState): { readonly ended: ReadonlyMap<string, number>; readonly made: readonly Made[] } {
  const ended = new Map<string, number>();
  const made: Made[] = [];
  const seconds = new Map<CellId, number>();
  const seen = new Set<CellId>();
  for (let change = state.changes; change; change = change.before) {
    const { cell, event } = change;
    const stage = stageOf(cell);
    if (!seen.has(cell)) {
      seen.add(cell);
      if (change.state in state.counts) ended.set(stage, (ended.get(stage) ?? 0) + 1);
      if (event.type === 'stage-finished') seconds.set(cell, event.seconds);
    } else if (event.type === 'stage-started') {
      const took = seconds.get(cell);
      if (took !== undefined) made.push({ stage, seconds: took, size: (event.beside ?? 0) + 1 });
      seconds.delete(cell);
    }
  }
  return { ended, made };
}

/** A cell that was made, and how many cells its cohort had. */
interface Made {
  readonly stage: string;
  readonly seconds: number;
  readonly size: number;
}

/** Mean times of each stage's cells: of this run, else of cells of its kind, else those that it took before. */
function timesOf(stages: readonly StageOutlook[], made: readonly Made[], units: readonly Unit[]) {
  const kinds = new Map(stages.map(({ stage, kind }) => [stage, kind]));
  const times = new Times();
  const note = (stage: string, ...rest: [wall: number, size: number, cells?: number]): void => {
    times.add(stage, ...rest);
    times.add(keyOf(kinds.get(stage) ?? stage), ...rest);
  };
  for (const { stage, seconds, size } of made) note(stage, seconds, size);
  for (const { stage, elapsed, left, size, cells } of units)
    if (left !== undefined) note(stage, elapsed + left, size, cells);
  // More epochs than the last time, or another machine: what is seen of this run says by how much.
  const both = stages.flatMap(({ stage, took }) => {
    const seen = times.mean(stage);
    return seen && took ? [{ seen: seen.slot, before: took.slot }] : [];
  });
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const before = sum(both.map((one) => one.before));
  const scale = before > 0 ? sum(both.map((one) => one.seen)) / before : 1;
  return ({ stage, kind, took }: StageOutlook): CellTime | undefined =>
    times.mean(stage) ?? (took && { wall: took.wall * scale, slot: took.slot * scale }) ?? times.mean(keyOf(kind));
}

/**
 * Estimates the end of a run from what its cells took so far, and the last time: the work that is left on all slots, or
 * the longest chain of stages, whichever takes longer.
 *
 * @param state - the run's state
 * @param now - milliseconds since the Unix epoch
 * @returns the estimate; undefined where nothing is known, and of runs whose record has no outlook
 */
export function runEta(state: RunState, now: number): RunEta | undefined {
  const { stages, running, slots } = state;
  const units = unitsOf(running, now);
  const { ended, made } = pastOf(state);
  const timeOf = timesOf(stages, made, units);
  const unitsByStage = groupBy(units, ({ stage }) => stage);
  const finish = new Map<string, number>();
  let work = 0;
  let atLeast = false;
  for (const outlook of stages) {
    const { stage, cells, needs } = outlook;
    const time = timeOf(outlook);
    const own = unitsByStage.get(stage) ?? [];
    const remaining = own.map(({ left, elapsed }) => left ?? (time && Math.max(0, time.wall - elapsed)));
    const waiting = cells - (ended.get(stage) ?? 0) - own.reduce((sum, unit) => sum + unit.cells, 0);
    if (remaining.includes(undefined) || (waiting > 0 && !time)) atLeast = true;
    const lefts = remaining.map((left) => left ?? 0);
    const begin = Math.max(0, ...needs.map((need) => finish.get(need) ?? 0));
    const chain = waiting > 0 ? begin + (time?.wall ?? 0) : 0;
    finish.set(stage, Math.max(chain, ...lefts));
    work += lefts.reduce((a, b) => a + b, 0) + Math.max(0, waiting) * (time?.slot ?? 0);
  }
  const seconds = Math.max(work / Math.max(1, slots), ...finish.values());
  return seconds > 0 && Number.isFinite(seconds) ? { seconds, atLeast } : undefined;
}

/**
 * Writes an estimate, no finer than it is.
 *
 * @param eta - from {@link runEta}
 * @returns `ETA ~12 min`; `ETA >12 min` where it is a least
 */
export function etaText(eta: RunEta): string {
  return `ETA ${eta.atLeast ? '>' : '~'}${roughly(eta.seconds)}`;
}

/**
 * Writes a duration without digits that nobody can know: `20 s`, `12 min`, `2 h 05 min`.
 *
 * @param seconds - a duration in seconds
 * @returns the text
 */
export function roughly(seconds: number): string {
  if (seconds < 55) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  return seconds < 3570 ? `${Math.max(1, Math.round(seconds / 60))} min` : duration(seconds);
}
