import type { JsonObject } from './json.ts';
import { metricAt } from './metrics.ts';
import type { Cell, CellId, Plan, Search } from './plan.ts';
import { Bracket, searchCost, type Score, type Standing, type Stop } from './search.ts';

/** Metrics of a cell's result; null where it ended without one; undefined while it has not ended. */
export type MetricsOf = (cell: CellId) => JsonObject | null | undefined;

/** Where a cell stands in a search. */
interface Place extends Standing {
  readonly bracket: Bracket;
}

/** Mean over the seeds of a trial: known once all are, none where one has none. */
function scoreOf(cells: readonly CellId[], metric: string, metricsOf: MetricsOf): Score {
  let sum = 0;
  let isMissing = false;
  for (const cell of cells) {
    const metrics = metricsOf(cell);
    if (metrics === undefined) return undefined;
    const value = metrics && metricAt(metrics, metric);
    if (typeof value === 'number') sum += value;
    else isMissing = true;
  }
  return isMissing ? null : sum / cells.length;
}

/** The searches of a plan: which cells go on, as results come in. */
export class Searches {
  readonly #places = new Map<CellId, Place>();
  readonly #brackets: readonly { readonly search: Search; readonly bracket: Bracket }[];
  readonly #decided: CellId[] = [];

  /**
   * @param searches - of the plan
   * @param metricsOf - what is known of a cell's result
   */
  constructor(searches: readonly Search[], metricsOf: MetricsOf) {
    this.#brackets = searches.map((search) => {
      const cellsAt = ({ trial, rung }: Standing): readonly CellId[] => search.trials[trial]?.[rung] ?? [];
      const bracket = new Bracket(search, (at) => scoreOf(cellsAt(at), search.metric, metricsOf));
      search.trials.forEach((rungs, trial) => {
        rungs.slice(1).forEach((cells, below) => {
          for (const cell of cells) this.#places.set(cell, { bracket, trial, rung: below + 1 });
        });
      });
      return { search, bracket };
    });
  }

  /**
   * Says whether a cell goes on, as far as its search is concerned.
   *
   * @param cell - any cell
   * @returns true where it does, or no search asks; the reason why not; undefined while that is not decided
   */
  verdict(cell: CellId): true | Stop | undefined {
    const place = this.#places.get(cell);
    if (!place) return true;
    this.#advance();
    return place.bracket.verdict(place);
  }

  /**
   * Takes in what has become known.
   *
   * @returns the cells whose verdict has been decided since this was last called
   */
  decided(): readonly CellId[] {
    this.#advance();
    return this.#decided.splice(0);
  }

  #advance(): void {
    for (const { search, bracket } of this.#brackets)
      for (const { trial, rung } of bracket.advance()) this.#decided.push(...(search.trials[trial]?.[rung] ?? []));
  }
}

/** What a cell has to wait for: what it reads, and the shorter training of its trial. */
export const awaited = ({ needs, follows = [] }: Pick<Cell, 'needs' | 'follows'>): readonly CellId[] =>
  follows.length === 0 ? needs : [...needs, ...follows];

/**
 * Finds the cells that searches have stopped, and all that reads them.
 *
 * @param plan - the plan
 * @param metricsOf - what is known of a cell's result
 * @returns the reason by cell
 */
export function stoppedCells(plan: Pick<Plan, 'cells' | 'searches'>, metricsOf: MetricsOf): ReadonlyMap<CellId, Stop> {
  const stopped = new Map<CellId, Stop>();
  if (!plan.searches) return stopped;
  const searches = new Searches(plan.searches, metricsOf);
  for (const cell of plan.cells) {
    const before = awaited(cell).find((one) => stopped.has(one));
    const verdict = before === undefined ? searches.verdict(cell.id) : stopped.get(before);
    if (typeof verdict === 'object') stopped.set(cell.id, verdict);
  }
  return stopped;
}

/** What came of the searches of one stage. */
export interface SearchTally extends Pick<Search, 'stage' | 'method' | 'metric' | 'unit'> {
  readonly trials: number;
  /** How many trials were stopped, by how far they had come. */
  readonly stopped: ReadonlyMap<number, number>;
  /** Units that the results took, seeds counted each, and what training every trial to the end would take. */
  readonly trained: number;
  readonly all: number;
}

/**
 * Counts what searches have done.
 *
 * @param plan - the plan
 * @param metricsOf - what is known of a cell's result
 * @returns a tally for each stage with a search that stops trials
 */
export function searchTallies(plan: Pick<Plan, 'cells' | 'searches'>, metricsOf: MetricsOf): readonly SearchTally[] {
  const ends = stoppedCells(plan, metricsOf);
  const tallies = new Map<string, SearchTally>();
  for (const search of plan.searches ?? []) {
    const { stage, method, metric, unit, rungs, trials } = search;
    const before = tallies.get(stage);
    // In the order of the rungs.
    const stopped = new Map(before?.stopped ?? rungs.slice(0, -1).map((rung) => [rung, 0]));
    let trained = before?.trained ?? 0;
    for (const trial of trials) {
      const end = trial.findIndex(([cell]) => cell !== undefined && ends.has(cell));
      const reached = rungs[end - 1];
      // One that failed was not stopped.
      const isLost = trial[end - 1]?.some((cell) => metricsOf(cell) === null) === true;
      if (reached !== undefined && !isLost) stopped.set(reached, (stopped.get(reached) ?? 0) + 1);
      // A longer training goes on from a shorter one: the last counts alone.
      for (const seed of trial[0]?.keys() ?? []) {
        const last = trial.findLastIndex((cells, at) => (end < 0 || at < end) && metricsOf(cells[seed] ?? '') != null);
        trained += rungs[last] ?? 0;
      }
    }
    const sums = { trials: (before?.trials ?? 0) + trials.length, all: (before?.all ?? 0) + searchCost(search).all };
    tallies.set(stage, { stage, method, metric, unit, ...sums, stopped, trained });
  }
  return [...tallies.values()];
}

/**
 * Says what came of the searches of a stage.
 *
 * @param tally - their counts
 * @returns e.g. `search of student by asha on val.accuracy: of 27 trials 18 were stopped after 3 epochs, 6 after 9; 189 of 729 epochs
 *   were trained, 540 saved`
 */
export function tallyText(tally: SearchTally): string {
  const { stage, method, metric, unit, trials, stopped, trained, all } = tally;
  const stops = [...stopped]
    .filter(([, count]) => count > 0)
    .map(([length, count], at) =>
      at === 0 ? `${count} were stopped after ${length} ${unit}` : `${count} after ${length}`,
    );
  const ended = stops.length === 0 ? 'none was stopped' : stops.join(', ');
  const taken = `${trained} of ${all} ${unit} were trained, ${all - trained} saved`;
  return `search of ${stage} by ${method} on ${metric}: of ${trials} trials ${ended}; ${taken}`;
}
