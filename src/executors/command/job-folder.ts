/**
 * The folder of a job, in the record of its run: `task.json` (what it runs), `script.sh` (which runs it), `handle` (what the user's
 * queue calls it), `output.txt` (what the script printed) and `messages.ndjson` (what the job tells: a line each, and last of
 * each cell how it ended).
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '../../core/json.ts';
import { isText, listOf } from '../../core/shape.ts';
import type { CellId } from '../../core/plan.ts';
import type { StageResult, StageTask, TaskMessage } from '../../core/task.ts';
import { textIfReadable } from '../../util/if-readable.ts';
import { shellWord } from '../../util/shell-word.ts';
import { writeWhole } from '../../util/write-whole.ts';
import { startLines } from '../start-lines.ts';

const format = 1;

/** Longest time in which a queue says what a job is called. Milliseconds. */
export const patience = 60_000;

/** `task.json`: what a job runs. */
export interface JobDescription {
  /** Of the job, unique: letters, digits and `-`, at most 63. */
  readonly name: string;
  /** One, or a cohort. */
  readonly tasks: readonly StageTask[];
  /** Absolute path of the folder that stages run in. */
  readonly cwd: string;
}

/** A line of `messages.ndjson`. */
export type JobMessage =
  /** The job has started, for the first time or anew. */
  | { readonly type: 'began'; readonly host: string; readonly at: number }
  | { readonly type: 'told'; readonly cell: CellId; readonly message: TaskMessage }
  /** How a cell ended; `interrupted` where the queue may start the job anew. */
  | { readonly type: 'ended'; readonly cell: CellId; readonly result: StageResult };

/** Files of a job, in its folder. */
export const jobFiles = {
  task: (folder: string): string => join(folder, 'task.json'),
  script: (folder: string): string => join(folder, 'script.sh'),
  handle: (folder: string): string => join(folder, 'handle'),
  output: (folder: string): string => join(folder, 'output.txt'),
  messages: (folder: string): string => join(folder, 'messages.ndjson'),
} as const;

function scriptText(folder: string, { cwd, tasks }: JobDescription): string {
  return [
    '#!/bin/sh',
    ...tasks.map(({ cell }) => `# ${cell.replaceAll(/\s+/g, ' ')}`),
    `# By hand: sh ${shellWord(jobFiles.script(folder))}`,
    `exec >> ${shellWord(jobFiles.output(folder))} 2>&1`,
    ...startLines(cwd, `task ${shellWord(folder)}`),
    '',
  ].join('\n');
}

/**
 * Writes what a job needs.
 *
 * @param folder - absolute path of its folder
 * @param description - what it runs
 */
export function writeJob(folder: string, description: JobDescription): void {
  const mode = description.tasks.some(({ secrets }) => secrets) ? { mode: 0o600 } : {};
  writeWhole(jobFiles.task(folder), `${JSON.stringify({ format, ...description })}\n`, { flush: true, ...mode });
  writeWhole(jobFiles.script(folder), scriptText(folder, description), { mode: 0o755 });
}

const isTask = (value: unknown): boolean =>
  isJsonObject(value) && ['cell', 'kind', 'key', 'store', 'folder', 'run'].every((name) => isText(value[name]));

/**
 * Reads what a job runs.
 *
 * @param folder - its folder
 * @returns the description; undefined where there is none, or a damaged one
 */
export function readJob(folder: string): JobDescription | undefined {
  try {
    const value: unknown = JSON.parse(textIfReadable(jobFiles.task(folder), 'utf8'));
    if (!isJsonObject(value) || value['format'] !== format || !listOf(isTask)(value['tasks'])) return undefined;
    return isText(value['name']) && isText(value['cwd']) ? (value as unknown as JobDescription) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads what the queue calls a job: the last line that `submit` printed.
 *
 * @param folder - the job's folder
 * @returns one word; undefined where that is not said
 */
export function readHandle(folder: string): string | undefined {
  const said = textIfReadable(jobFiles.handle(folder), 'utf8');
  return said.endsWith('\n') ? /^\S+$/.exec(said.trimEnd().split('\n').at(-1) ?? '')?.[0] : undefined;
}

/**
 * Tells whether whoever submits a job may still say what it is called.
 *
 * @param folder - the job's folder
 * @returns false once it has had its time
 */
export function isBeingSubmitted(folder: string): boolean {
  const since = statSync(jobFiles.handle(folder), { throwIfNoEntry: false })?.mtimeMs;
  return since !== undefined && Date.now() - since < patience;
}

/**
 * Reads a line of `messages.ndjson`.
 *
 * @param line - without its end
 * @returns the message; undefined for a damaged line
 */
export function messageIn(line: string): JobMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isJsonObject(value)) return undefined;
    const { type, cell, message, result } = value;
    const isWhole =
      type === 'began' ||
      (type === 'told' && isText(cell) && isJsonObject(message) && isText(message['type'])) ||
      (type === 'ended' && isText(cell) && isJsonObject(result) && isText(result['status']));
    return isWhole ? (value as unknown as JobMessage) : undefined;
  } catch {
    return undefined;
  }
}
