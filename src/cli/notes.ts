import type { Failure } from '../core/failure.ts';
import { noteLines } from '../ui/failure-text.ts';
import { printError } from './terminal.ts';

/**
 * Says to standard error what is odd in a plan, and allowed.
 *
 * @param notes - of a plan
 */
export function printNotes(notes: readonly Failure[]): void {
  for (const line of noteLines(notes)) printError(line);
}
