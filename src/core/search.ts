import { lowerIsBetter } from './metrics.ts';
import type { Search } from './plan.ts';

/** What is known of a trial at a rung: its metric; null where it ended without one; undefined while it has not ended. */
export type Score = number | null | undefined;

/** Why a search goes on without a trial. */
export interface Stop {
  /** `rank 7 of 9 at 3 epochs`: where its tables say so. */
  readonly brief: string;
  /** `rank 7 of 9 at 3 epochs, val.accuracy 0.41; 3 went on`. */
  readonly reason: string;
}

/** A trial at a rung. */
export interface Standing {
  readonly trial: number;
  readonly rung: number;
}

/** The trials that come to one rung, as far as they are known. */
class Rung {
  /** In the order in which they come. */
  readonly arrivals: number[] = [];
  /** Those whose score is known, the best first: a beginning of the arrivals. */
  readonly ranked: number[] = [];
  readonly scores = new Map<number, number | null>();
  readonly promoted = new Set<number>();
  /** True when nobody else comes, and all are ranked. */
  settled = false;
}

/**
 * Successive halving of the trials of one search: a pure function of their scores, however these come in.
 *
 * - `asha` decides as Algorithm 2 of Li et al. (A System for Massively Parallel Hyperparameter Tuning, MLSys 2020) does with one
 *   worker that draws trials by their numbers: a trial goes on once it is among the best floor(k/η) of the first k that came to its
 *   rung, for any k. More trials change nothing of what was decided of the first ones.
 * - `halving` is synchronous (Jamieson & Talwalkar, AISTATS 2016): the best floor(n/η) of all n go on, once all are known.
 *
 * Of equal scores the one that came first ranks higher; a trial without a score never goes on.
 */
export class Bracket {
  readonly #search: Search;
  readonly #rungs: readonly Rung[];
  readonly #scoreOf: (at: Standing) => Score;

  /**
   * @param search - the trials
   * @param scoreOf - what is known of a trial at a rung
   */
  constructor(search: Search, scoreOf: (at: Standing) => Score) {
    this.#search = search;
    this.#rungs = search.rungs.map(() => new Rung());
    this.#rungs[0]?.arrivals.push(...search.trials.keys());
    this.#scoreOf = scoreOf;
  }

  /**
   * Takes in what has become known.
   *
   * @returns the trials, at the rungs to which they have now been promoted, or at which they are not wanted
   */
  advance(): readonly Standing[] {
    const decided: Standing[] = [];
    let isWhole = true;
    for (const [at, rung] of this.#rungs.slice(0, -1).entries()) {
      const next = this.#rungs[at + 1];
      const promote = (trial: number): void => {
        rung.promoted.add(trial);
        next?.arrivals.push(trial);
        decided.push({ trial, rung: at + 1 });
      };
      for (const trial of rung.arrivals.slice(rung.ranked.length)) {
        const score = this.#scoreOf({ trial, rung: at });
        if (score === undefined) break;
        this.#rank(rung, trial, score);
        if (this.#search.method === 'asha') this.#promotable(rung).forEach(promote);
      }
      const isSettled: boolean = isWhole && rung.ranked.length === rung.arrivals.length;
      if (isSettled && !rung.settled) {
        this.#promotable(rung).forEach(promote);
        rung.settled = true;
        const left = rung.arrivals.filter((trial) => !rung.promoted.has(trial));
        decided.push(...left.map((trial) => ({ trial, rung: at + 1 })));
      }
      isWhole &&= isSettled;
    }
    return decided;
  }

  /**
   * Says whether a trial goes on to a rung.
   *
   * @param at - the trial, and the rung above the first
   * @returns true, the reason why not, or undefined while that is not decided
   */
  verdict({ trial, rung: at }: Standing): true | Stop | undefined {
    const below = this.#rungs[at - 1];
    if (!below || below.promoted.has(trial)) return true;
    return below.settled && below.scores.has(trial) ? this.#stop(below, trial, at - 1) : undefined;
  }

  #rank({ ranked, scores }: Rung, trial: number, score: number | null): void {
    const sign = lowerIsBetter(this.#search.metric) ? -1 : 1;
    const worth = (value: number | null | undefined): number => (typeof value === 'number' ? sign * value : -Infinity);
    const place = ranked.findIndex((other) => worth(scores.get(other)) < worth(score));
    ranked.splice(place < 0 ? ranked.length : place, 0, trial);
    scores.set(trial, score);
  }

  #promotable({ ranked, scores, promoted }: Rung): readonly number[] {
    const best = ranked.slice(0, Math.floor(ranked.length / this.#search.eta));
    return best.filter((trial) => !promoted.has(trial) && scores.get(trial) !== null);
  }

  #stop({ ranked, scores, promoted }: Rung, trial: number, at: number): Stop {
    const { metric, rungs, unit } = this.#search;
    const length = rungs[at] ?? 0;
    const reached = `${length} ${length === 1 ? unit.replace(/s$/, '') : unit}`;
    const score = scores.get(trial);
    const isRanked = typeof score === 'number';
    const brief = isRanked
      ? `rank ${ranked.indexOf(trial) + 1} of ${ranked.length} at ${reached}`
      : `no ${metric} at ${reached}`;
    const shown = isRanked ? `, ${metric} ${Number(score.toPrecision(4))}` : '';
    return { brief, reason: `${brief}${shown}; ${promoted.size} went on` };
  }
}

/** How much a search may take, in units of its rungs, over all trials and seeds. */
export interface SearchCost {
  readonly least: number;
  readonly most: number;
  /** What training every trial to the end would take. */
  readonly all: number;
}

/**
 * Says before a search runs what it will take: trials go on from rung to rung, so that each costs what its last rung does.
 *
 * @param search - the search
 * @returns bounds that hold whatever the scores are, as long as no trial fails
 */
export function searchCost(search: Search): SearchCost {
  const { method, eta, rungs, trials } = search;
  const seeds = trials[0]?.[0]?.length ?? 0;
  const steps = rungs.map((length, at) => length - (rungs[at - 1] ?? 0));
  const sum = (next: (count: number) => number): number => {
    let count = trials.length;
    return steps.reduce((total, step, at) => {
      if (at > 0) count = next(count);
      return total + seeds * count * step;
    }, 0);
  };
  const least = (count: number): number => Math.floor(count / eta);
  // Each trial may be the best of those before it.
  const most = (count: number): number => Math.max(0, count - eta + 1);
  const all = seeds * trials.length * (rungs.at(-1) ?? 0);
  return { least: sum(least), most: sum(method === 'asha' ? most : least), all };
}
