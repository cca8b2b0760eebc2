import type { Failure, Place } from '../../core/failure.ts';
import { byCodeUnits } from '../../util/text.ts';
import { Budget, type PlanningEnds } from './budget.ts';
import type { SourceLocation } from './location.ts';
import type { Problem } from './problem.ts';

export type { Problem } from './problem.ts';

/** Looks a place up in the pipeline file. */
export type Locate = (location: SourceLocation, at: Pick<Problem, 'atKey' | 'within'>) => Place;

interface Entry {
  readonly problem: Problem;
  /** Cells in which it occurred; empty for a problem of the file itself. */
  readonly cells: string[];
}

/** Codes of what would do nothing: the cells can be planned all the same. */
const IDLE: ReadonlySet<string> = new Set(['no-effect', 'unmatched-exclude', 'include-without-cell']);

/**
 * Tells what would merely do nothing from what is wrong.
 *
 * @param problem - the problem
 * @returns true when cells can be planned in spite of it
 */
export const isIdle = ({ code }: Problem): boolean => IDLE.has(code);

/** What is wrong, and where; not how it is said. */
const siteOf = ({ code, location, within = '' }: Problem): string =>
  JSON.stringify([code, location.path, location.override ?? '', within]);

/**
 * Collects every problem of a pipeline; one template that is wrong in many cells counts once. It has the budget of the plan:
 * whoever can note a problem can also find that there is no end to what is asked for.
 */
export class Problems {
  readonly budget = new Budget();
  readonly #entries = new Map<string, Entry>();
  readonly #sites = new Set<string>();

  #noted = 0;
  #ended = false;

  /**
   * How often a problem was added with which no cell can be planned, repeated ones counted again: tells whether a step
   * met any.
   */
  get noted(): number {
    return this.#noted;
  }

  /** True where planning ended early: then there is no plan. */
  get ended(): boolean {
    return this.#ended;
  }

  /** All problems, each once. */
  get list(): readonly Problem[] {
    return [...this.#entries.values()].map(({ problem }) => problem);
  }

  /**
   * Adds a problem.
   *
   * @param problem - what is wrong and where it was written
   * @param cell - the cell in which it showed, where it is not wrong in all of them alike
   * @throws PlanningEnds when there are more than anybody reads
   */
  add(problem: Problem, cell?: string): void {
    if (problem.note !== true && !isIdle(problem)) this.#noted++;
    const site = siteOf(problem);
    this.#sites.add(site);
    const key = cell === undefined ? `${site}${problem.message}` : site;
    const entry = this.#entries.get(key) ?? { problem, cells: [] };
    this.#entries.set(key, entry);
    if (cell !== undefined) entry.cells.push(cell);
    this.budget.tell(this.#entries.size, problem.location);
  }

  /**
   * Adds why planning has ended early; nothing is added after it.
   *
   * @param reason - what ended it
   */
  end({ problem }: PlanningEnds): void {
    this.#ended = true;
    this.#noted++;
    this.#sites.add(siteOf(problem));
    this.#entries.set('', { problem, cells: [] });
  }

  /**
   * Says whether there is a problem of the same code at the same place.
   *
   * @param problem - of another plan of the same file
   * @returns true when there is
   */
  has(problem: Problem): boolean {
    return this.#sites.has(siteOf(problem));
  }

  /**
   * Turns what was collected into failures.
   *
   * @param locate - finds places in the file
   * @param choose - gives a problem as it is to be told; undefined leaves it out
   * @returns failures in the order of their places
   */
  failures(
    locate: Locate,
    choose: (problem: Problem) => Problem | undefined = (problem) => problem,
  ): readonly Failure[] {
    const chosen = [...this.#entries.values()].flatMap(({ problem, cells }) => {
      const told = choose(problem);
      return told ? [toFailure({ problem: told, cells }, locate)] : [];
    });
    return chosen.sort(byPlace);
  }
}

function toFailure({ problem, cells }: Entry, locate: Locate): Failure {
  const { location, atKey: _atKey, within: _within, note: _note, also, message, ...rest } = problem;
  const line = also && locate(also, {}).line;
  return {
    ...rest,
    message: `${message}${line === undefined ? '' : ` (also at line ${line})`}${inCells(cells)}`,
    place: locate(location, problem),
  };
}

function inCells(cells: readonly string[]): string {
  const [first, ...others] = cells;
  if (first === undefined) return '';
  return others.length === 0 ? ` (in ${first})` : ` (in ${cells.length} cells, the first is ${first})`;
}

function byPlace(a: Failure, b: Failure): number {
  const line = (a.place?.line ?? 0) - (b.place?.line ?? 0);
  return line || (a.place?.column ?? 0) - (b.place?.column ?? 0) || byCodeUnits(a.message, b.message);
}
