import type { Failure } from '../core/failure.ts';
import { failureText, noteLines } from '../ui/failure-text.ts';
import { printError, printStyled } from './terminal.ts';

/**
 * Says to standard error what is wrong, and how to mend it.
 *
 * @param failures - what is wrong
 */
export function printFailures(failures: readonly Failure[]): void {
  printStyled(failureText(failures, { color: process.stderr.isTTY && !process.env['NO_COLOR'] }));
}

/**
 * Says to standard error what is odd in a plan, and allowed.
 *
 * @param notes - of a plan
 */
export function printNotes(notes: readonly Failure[]): void {
  for (const line of noteLines(notes)) printError(line);
}
