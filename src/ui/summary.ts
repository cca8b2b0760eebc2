import { stripVTControlCharacters } from 'node:util';
import { duration } from '../util/duration.ts';
import { tallyText, type SearchTally } from '../core/searches.ts';
import type { FailedCell, RunState } from '../core/run-state.ts';
import { pluralize } from '../util/text.ts';
import { shellWord } from '../util/shell-word.ts';
import { oneLine } from './progress-text.ts';

/** A table or a plot that the run put into a file. */
export interface SummaryPlace {
  /** `table results` */
  readonly what: string;
  readonly file: string;
  /** False when the file already held the same. */
  readonly changed: boolean;
}

/** A table or a plot whose file the run left as it was. */
export interface SummaryHeld extends Omit<SummaryPlace, 'changed'> {
  readonly why: 'overridden' | 'incomplete';
  /** Cells that it reads, and those of them that have a result. */
  readonly cells: number;
  readonly results: number;
}

/** What became of the tables and plots of a run. */
export interface SummaryFiles {
  readonly written: readonly SummaryPlace[];
  readonly held: readonly SummaryHeld[];
  /** The command that writes those which were left. */
  readonly command: string;
}

/** Failures that the summary tells in full. */
const fullFailures = 5;
/** Lines of a failed stage's log. */
const tailLines = 5;

/** `21 ran, 9 reused, 1 failed`; what is zero is left out. */
function countsText({ counts }: RunState): string {
  const all = [
    [counts.finished, 'ran'],
    [counts.reused, 'reused'],
    [counts.failed, 'failed'],
    [counts.tainted, 'tainted'],
    [counts.interrupted, 'interrupted'],
    [counts.skipped, 'skipped'],
    [counts.stopped, 'stopped by search'],
  ] as const;
  const said = all.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return said.length > 0 ? said.join(', ') : 'no cells';
}

/** `2 cells reused, 3 stopped by search`. */
function idleText({ counts: { reused, stopped } }: RunState): string {
  return `${pluralize(reused, 'cell')} reused${stopped > 0 ? `, ${stopped} stopped by search` : ''}`;
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
      return state.counts.reused + state.counts.stopped === state.total
        ? `nothing to do: ${idleText(state)}, ${seconds}`
        : `done in ${seconds}: ${countsText(state)}`;
  }
}

/** A failed cell: what was wrong, the end of its log, how to mend it and where to read on. */
function failureLines({ cell, failure, tail }: FailedCell): readonly string[] {
  return [
    `✗ ${cell}: ${oneLine(failure.message)} [${failure.code}]`,
    ...(failure.expected === undefined ? [] : [`  expected: ${oneLine(failure.expected)}`]),
    ...(failure.fix === undefined ? [] : [`  fix: ${oneLine(failure.fix)}`]),
    ...tail.slice(-tailLines).map((line) => `  | ${stripVTControlCharacters(line).trimEnd()}`),
    `  log: kdpipe logs ${shellWord(cell)}`,
  ];
}

/** Which files were left as they were, why, and how to write them: a line a reason. */
function heldLines({ held, command }: SummaryFiles): readonly string[] {
  const overridden = held.filter(({ why }) => why === 'overridden').map(({ what, file }) => `${what} in ${file}`);
  const incomplete = held
    .filter(({ why }) => why === 'incomplete')
    .map(({ what, file, cells, results }) => `${what} in ${file} (${results} of ${cells} cells)`);
  return [
    ...(overridden.length > 0
      ? [`left as it was, as -S may change it: ${overridden.join(', ')}; to write it: ${command}`]
      : []),
    ...(incomplete.length > 0
      ? [`left as it was, as results are missing: ${incomplete.join(', ')}; to write what is there: ${command}`]
      : []),
  ];
}

/**
 * Says how a run ended: what ran, was reused, failed; each failure with the command that shows its log; the tables and plots.
 *
 * @param state - the run's state after its last event
 * @param files - the tables and plots that were put into files, and those that were not
 * @param searches - what came of searches that stop trials
 * @returns the lines
 */
export function runSummary(
  state: RunState,
  files: SummaryFiles,
  searches: readonly SearchTally[] = [],
): readonly string[] {
  const hidden = state.failures.length - fullFailures;
  return [
    ...state.failures.slice(0, fullFailures).flatMap(failureLines),
    ...(hidden > 0 ? [`… and ${hidden} more failed: kdpipe status`] : []),
    endLine(state),
    ...searches.map(tallyText),
    ...files.written.map(({ what, file, changed }) => `${what} ${changed ? 'written to' : 'unchanged in'} ${file}`),
    ...heldLines(files),
  ];
}
