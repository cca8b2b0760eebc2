import type { CellId, Key } from '../core/plan.ts';

/** Values of a cell at one step of its training. */
export interface TrackedRow {
  /** The epoch, from 0. */
  readonly step: number;
  /** When it was over; milliseconds since the Unix epoch. */
  readonly at: number;
  /** Finite numbers, by the name of the curve. */
  readonly values: Readonly<Record<string, number>>;
}

/** How a cell ended. */
export interface TrackedEnd {
  readonly state: 'finished' | 'failed' | 'interrupted';
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Finite numbers of the result, by dotted path: `test.accuracy`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A parameter: text where it is neither number nor truth value. */
export type TrackedParam = string | number | boolean;

/**
 * What tools that compare experiments are told of a result. Its key tells results apart: a result that is made, reused or told
 * again is one run of such a tool.
 */
export interface TrackedCell {
  readonly key: Key;
  readonly cell: CellId;
  readonly stage: string;
  readonly pipeline: string;
  /** The cell without its seeds: what means are taken over. */
  readonly group: string;
  /** Its own parameters, and where it stands on the axes behind it; nested ones by dotted path. */
  readonly params: Readonly<Record<string, TrackedParam>>;
  /** What else is known: run, commit, engine, seed. */
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** In the order of their steps, one a step. */
  readonly rows: readonly TrackedRow[];
  /** Undefined while it runs. */
  readonly end?: TrackedEnd;
}

/** A tool that takes results. */
export interface OpenSink {
  /** Where they go to, for messages: a folder, an address. */
  readonly target: string;
  /**
   * Brings what the tool has of a result to what is known of it. Told the same twice, it changes nothing.
   *
   * @param cell - all that is known of it
   * @throws FailureError where the tool cannot be reached or does not take it
   */
  readonly write: (cell: TrackedCell) => Promise<void>;
}

/** What a sink is opened with. */
export interface SinkOptions {
  /** Values of {@link Sink.settings} that are given. */
  readonly settings: Readonly<Record<string, string>>;
  /** The variables of the environment: where credentials are, and nowhere else. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the working folder: relative paths start there. */
  readonly root: string;
}

/** A kind of tool. A new one is one file and one line in `registry.ts`. */
export interface Sink {
  /** One line for help and docs. */
  readonly summary: string;
  /** What its settings are, by name; each may be left out. */
  readonly settings: Readonly<Record<string, string>>;
  /** Loads what writes. */
  readonly load: () => Promise<{ readonly open: (options: SinkOptions) => OpenSink }>;
}
