import { duration } from '../util/duration.ts';
import type { FailedCell, RunState } from '../core/run-state.ts';
import { oneLine } from './progress-text.ts';

/** A table or a plot that the run put into a file. */
export interface SummaryPlace {
  /** `table results` */
  readonly what: string;
  readonly file: string;
  /** False when the file already held the same. */
  readonly changed: boolean;
}

/** Failures that the summary tells in full. */
const fullFailures = 5;
/** Lines of a failed stage's log. */
const tailLines = 5;

/**
 * Quotes an argument for a POSIX shell: cell ids hold brackets.
 *
 * @param argument - any text
 * @returns the text as one word of a shell
 */
export function shellWord(argument: string): string {
  return /^[\w./:@%+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** `21 ran, 9 reused, 1 failed`; what is zero is left out. */
function countsText({ counts }: RunState): string {
  const all = [
    [counts.finished, 'ran'],
    [counts.reused, 'reused'],
    [counts.failed, 'failed'],
    [counts.tainted, 'tainted'],
    [counts.interrupted, 'interrupted'],
    [counts.skipped, 'skipped'],
  ] as const;
  const said = all.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return said.length > 0 ? said.join(', ') : 'no cells';
}

/** The first line: how the run ended, and how long it took. */
function endLine(state: RunState): string {
  const seconds = duration(state.ended?.seconds ?? 0);
  switch (state.ended?.status) {
    case 'failed':
      return `failed after ${seconds}: ${countsText(state)}`;
    case 'interrupted':
    case undefined:
      return `interrupted after ${seconds}: ${countsText(state)}; the next run goes on from there`;
    case 'done':
      return state.counts.reused === state.total
        ? `nothing to do: ${state.total} ${state.total === 1 ? 'cell' : 'cells'} reused, ${seconds}`
        : `done in ${seconds}: ${countsText(state)}`;
  }
}

/** A failed cell: what was wrong, the end of its log, how to mend it and where to read on. */
function failureLines({ cell, failure, tail }: FailedCell): readonly string[] {
  return [
    `✗ ${cell}: ${oneLine(failure.message)} [${failure.code}]`,
    ...(failure.expected === undefined ? [] : [`  expected: ${oneLine(failure.expected)}`]),
    ...(failure.fix === undefined ? [] : [`  fix: ${oneLine(failure.fix)}`]),
    ...tail.slice(-tailLines).map((line) => `  | ${line.trimEnd()}`),
    `  log: kdpipe logs ${shellWord(cell)}`,
  ];
}

/**
 * Says how a run ended: what ran, was reused, failed; each failure with the command that shows its log; the tables and plots.
 *
 * @param state - the run's state after its last event
 * @param placed - the tables and plots that were put into files
 * @returns the lines
 */
export function runSummary(state: RunState, placed: readonly SummaryPlace[]): readonly string[] {
  const hidden = state.failures.length - fullFailures;
  return [
    ...state.failures.slice(0, fullFailures).flatMap(failureLines),
    ...(hidden > 0 ? [`… and ${hidden} more failed: kdpipe status`] : []),
    endLine(state),
    ...placed.map(({ what, file, changed }) => `${what} ${changed ? 'written to' : 'unchanged in'} ${file}`),
  ];
}
