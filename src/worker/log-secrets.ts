import { chmodSync, closeSync, openSync } from 'node:fs';
import { mask, redactable } from '../core/secrets.ts';
import type { StageTask } from '../core/task.ts';
import { replaceInFile } from '../util/rewrite-file.ts';

/**
 * Makes a log that nobody else may read, before a program writes into it that was given secrets.
 *
 * @param log - path of the log
 * @param task - what is run
 */
export function guardLog(log: string, task: StageTask): void {
  if (!task.secrets) return;
  closeSync(openSync(log, 'a', 0o600));
  chmodSync(log, 0o600);
}

/**
 * Takes secrets out of what a program has written, once it has ended: until then its log is its own.
 *
 * @param log - path of the log
 * @param task - what was run
 */
export function clearLog(log: string, task: StageTask): void {
  if (task.secrets) replaceInFile(log, redactable(task.secrets), mask);
}
