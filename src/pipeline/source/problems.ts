import type { Failure, Place } from '../../core/failure.ts';
import { byCodeUnits } from '../../util/text.ts';
import type { SourceLocation } from './location.ts';

/** A problem before its place in the text is looked up. */
export interface Problem extends Omit<Failure, 'place'> {
  readonly location: SourceLocation;
  /** Underlines the key of a mapping's entry rather than its value. */
  readonly atKey?: boolean;
  /** The part of a text that is wrong, e.g. one `${…}`. */
  readonly within?: string;
  /** A second place that belongs to it: `(also at line 12)`. */
  readonly also?: SourceLocation;
}

/** Looks a place up in the pipeline file. */
export type Locate = (location: SourceLocation, at: Pick<Problem, 'atKey' | 'within'>) => Place;

interface Entry {
  readonly problem: Problem;
  /** Cells in which it occurred; empty for a problem of the file itself. */
  readonly cells: string[];
}

/** Collects every problem of a pipeline; one template that is wrong in many cells counts once. */
export class Problems {
  readonly #entries = new Map<string, Entry>();

  #noted = 0;

  /** How often a problem was added, repeated ones counted again: tells whether a step met any. */
  get noted(): number {
    return this.#noted;
  }

  /**
   * Adds a problem.
   *
   * @param problem - what is wrong and where it was written
   * @param cell - the cell in which it showed, where it is not wrong in all of them alike
   */
  add(problem: Problem, cell?: string): void {
    this.#noted++;
    const { location, code, within = '' } = problem;
    const key = JSON.stringify([
      code,
      location.path,
      location.override ?? '',
      within,
      cell === undefined ? problem.message : '',
    ]);
    const entry = this.#entries.get(key) ?? { problem, cells: [] };
    this.#entries.set(key, entry);
    if (cell !== undefined) entry.cells.push(cell);
  }

  /**
   * Turns what was collected into failures.
   *
   * @param locate - finds places in the file
   * @returns failures in the order of their places
   */
  failures(locate: Locate): readonly Failure[] {
    return [...this.#entries.values()].map((entry) => toFailure(entry, locate)).sort(byPlace);
  }
}

function toFailure({ problem, cells }: Entry, locate: Locate): Failure {
  const { location, atKey: _atKey, within: _within, also, message, ...rest } = problem;
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
