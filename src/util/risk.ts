/** Something experimental that a process uses, and that may kill it: what its runner needs to know to do without. */
export interface Risk {
  /** What it is, in a sentence: `the native engine`. */
  readonly name: string;
  /** Environment variables of a process that does not take it. */
  readonly without: Readonly<Record<string, string>>;
  /** The file that keeps the verdict on it; see `verdicts.ts`. */
  readonly verdict: string | null;
}

type Listener = (risk: Risk) => void;

const listeners: Listener[] = [];

/**
 * Says that this process takes a risk from now on.
 *
 * @param risk - what it uses
 */
export function takeRisk(risk: Risk): void {
  for (const listener of listeners) listener(risk);
}

/**
 * Listens for the risks that this process takes.
 *
 * @param listener - called with each one, before it is taken
 */
export function onRisk(listener: Listener): void {
  listeners.push(listener);
}
