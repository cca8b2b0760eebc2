/** Figures of a trial, by name, in any depth; those of its parts add up. */
export interface Counts {
  readonly [name: string]: number | Counts;
}

/** How a trial went. */
export interface Outcome {
  /** What went wrong, each with what shows it again; empty where the promise held every time. */
  readonly broken: readonly string[];
  readonly counts: Counts;
  /** Why it could not be tried here; nothing was, then. */
  readonly skipped?: string;
}

/** `smoke` takes a minute, in the tests; `full` is what RESULTS.md tells. */
export type Scale = 'smoke' | 'full';

/** How much is tried. */
export interface Size {
  readonly scale: Scale;
  /** How often it tries; by default what its form takes. */
  readonly count?: number;
  /** Of random instants and choices. Processes are not as regular as it: it brings the same instants, not the same ends. */
  readonly seed: number;
}

/** A promise of the runner, tried against real processes. */
export interface Trial {
  /** What is promised, in one sentence. */
  readonly promise: string;
  readonly run: (size: Size) => Promise<Outcome>;
  /** The figures for RESULTS.md, in Markdown. */
  readonly tell: (counts: Counts) => string;
  /** True for a trial that runs only where it is named. */
  readonly onlyByName?: boolean;
}

/**
 * How often a trial tries.
 *
 * @param size - short or full form, or a number
 * @param counts - of the two forms
 * @returns the number
 */
export const countOf = ({ scale, count }: Size, counts: Readonly<Record<Scale, number>>): number =>
  count ?? counts[scale];
