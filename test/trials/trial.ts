/** How a trial went. */
export interface Outcome {
  /** What went wrong, each with what shows it again; empty where the promise held every time. */
  readonly broken: readonly string[];
  /** Figures for RESULTS.md, in Markdown. */
  readonly section: string;
  /** Why it could not be tried here; nothing was, then. */
  readonly skipped?: string;
}

/** `smoke` takes a minute, in the tests; `full` is what RESULTS.md tells. */
export type Scale = 'smoke' | 'full';

/** A promise of the runner, tried against real processes. */
export interface Trial {
  /** What is promised, in one sentence. */
  readonly promise: string;
  readonly run: (scale: Scale) => Promise<Outcome>;
}
