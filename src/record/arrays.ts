/**
 * What stands in the record of a run that was submitted to a cluster: `arrays/arrays.json` names its arrays, those of later rounds
 * behind those of the first, `arrays/cancelled` is there once it is cancelled; each has a folder with
 * `tasks.json` (what nodes need to know), `script.sh`, `job` (the id that the queue gave it), and of each task by its index
 * `<i>.ndjson` (its events), `<i>.out` (what the script printed) and, as the last thing that a task does, `<i>.json`: how it ended.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DependencyType, JobRequest } from '../core/array-job.ts';
import type { Event } from '../core/event.ts';
import { isJsonObject, isList, type Json } from '../core/json.ts';
import type { Cell, CellId, Digest, Key } from '../core/plan.ts';
import { endsCell } from '../core/run-state.ts';
import { isNumber, isText, listOf } from '../core/shape.ts';
import type { TaskSource } from '../core/task.ts';
import { textIfReadable } from '../util/if-readable.ts';
import { writeWhole } from '../util/write-whole.ts';
import { isEvent } from './event-form.ts';
import { isCell, readReferences, withReferences } from './plan-json.ts';

const format = 1;

/** Where a task stands in a run. */
export interface TaskSpot {
  /** Name of the array. */
  readonly array: string;
  readonly index: number;
}

/**
 * Why a cell is submitted again: its node was lost, its memory was not enough, its time was over, or what it needs was lost before it
 * could begin.
 */
export const retryCauses = ['node', 'memory', 'time', 'need'] as const;

/** One of {@link retryCauses}. */
export type RetryCause = (typeof retryCauses)[number];

/** An array as its run knows it. */
export interface ArrayOutline {
  readonly name: string;
  readonly stage: string;
  /** Cells of each task, by index. */
  readonly tasks: readonly (readonly [index: number, cells: readonly CellId[]])[];
  readonly request: JobRequest;
  /** Names of the arrays that it needs, and how. */
  readonly after: readonly { readonly type: DependencyType; readonly array: string }[];
  /** Why its cells, which stand in an earlier array too, are tried again. */
  readonly again?: RetryCause;
}

/** `arrays.json`: what a run has submitted, or is about to. */
export interface SubmittedRun {
  /** Digest of all that was asked for: a run that is asked for the same goes on with this one. */
  readonly asked: Digest;
  /** Absolute path of the folder that tasks start in. */
  readonly cwd: string;
  /** Whether what does not need a failed cell runs all the same (`-k`). */
  readonly keepGoing: boolean;
  readonly arrays: readonly ArrayOutline[];
}

/** A cell that tasks of an array read, and where its result is: in the store, or where the task that makes it says so. */
export interface NeededCell {
  readonly cell: Cell;
  readonly from: Key | TaskSpot;
}

/** `tasks.json`: all that a node needs to know of an array. */
export interface ArrayDescription {
  readonly pipeline: string;
  readonly run: string;
  readonly runsFolder: string;
  readonly workingFolder: string;
  readonly store: string;
  readonly commit: string | null;
  readonly cells: readonly Cell[];
  readonly tasks: ArrayOutline['tasks'];
  readonly needs: readonly NeededCell[];
  /** What cells read outside the store, as it was when they were submitted. */
  readonly sources: readonly (readonly [cell: CellId, sources: readonly TaskSource[]])[];
  readonly force: readonly CellId[];
  readonly secrets?: readonly string[];
}

/** How a cell ended on a node. */
export interface CellEnd {
  readonly event: Extract<Event, { readonly cell: CellId }>;
  /** Digests of the outputs, by name; none where there is no result. */
  readonly outputs: Readonly<Record<string, Digest>>;
}

/** `<i>.json`: how a task ended. */
export interface TaskEnd {
  readonly job: string;
  /** How often the queue had started it anew. */
  readonly restarts: number;
  readonly host: string;
  readonly gpus: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly started: number;
  readonly ended: number;
  readonly cells: readonly CellEnd[];
  /** Whether a worker has run it in the place of its own job, which may still wait. */
  readonly byWorker?: boolean;
}

/**
 * Where each cell of a run stands: what is submitted again stands in the last array that names it.
 *
 * @param arrays - in the order in which they were submitted
 * @returns the tasks by cell
 */
export function taskSpots(arrays: readonly Pick<ArrayOutline, 'name' | 'tasks'>[]): ReadonlyMap<CellId, TaskSpot> {
  const spots = new Map<CellId, TaskSpot>();
  for (const { name: array, tasks } of arrays)
    for (const [index, cells] of tasks) for (const cell of cells) spots.set(cell, { array, index });
  return spots;
}

/**
 * The folder of all arrays of a run.
 *
 * @param run - the run's folder
 * @returns its path
 */
export const arraysFolder = (run: string): string => join(run, 'arrays');

/**
 * The folder of an array.
 *
 * @param run - the run's folder
 * @param array - the array's name
 * @returns its path
 */
export const arrayFolder = (run: string, array: string): string => join(arraysFolder(run), array);

/**
 * The file that says that a run is cancelled: its tasks start nothing any more, and keep nothing that ends later.
 *
 * @param run - the run's folder
 * @returns its path
 */
export const callOffFile = (run: string): string => join(arraysFolder(run), 'cancelled');

/** Files of a task, in the folder of its array. */
export const taskFiles = {
  end: (array: string, index: number): string => join(array, `${index}.json`),
  events: (array: string, index: number): string => join(array, `${index}.ndjson`),
  output: (array: string, index: number): string => join(array, `${index}.out`),
} as const;

const isOutline = (value: unknown): boolean =>
  isJsonObject(value) &&
  isText(value['name']) &&
  /^[\w.-]+$/.test(value['name']) &&
  isText(value['stage']) &&
  listOf((task) => isList(task) && isNumber(task[0]) && listOf(isText)(task[1]))(value['tasks']) &&
  isJsonObject(value['request']) &&
  listOf((other) => isJsonObject(other) && isText(other['type']) && isText(other['array']))(value['after']) &&
  [undefined, ...retryCauses].some((cause) => cause === value['again']);

/**
 * Says in a run's record what is about to be submitted. Until that is there, nothing is.
 *
 * @param folder - the run's folder
 * @param submitted - the arrays
 */
export function writeSubmitted(folder: string, submitted: SubmittedRun): void {
  const file = join(arraysFolder(folder), 'arrays.json');
  writeWhole(file, `${JSON.stringify({ format, ...submitted })}\n`, { flush: true });
}

/**
 * Reads what a run has submitted.
 *
 * @param folder - the run's folder
 * @returns the arrays; undefined for a run that submitted nothing
 */
export function readSubmitted(folder: string): SubmittedRun | undefined {
  const value = readReferences(textIfReadable(join(arraysFolder(folder), 'arrays.json'), 'utf8'));
  if (!isJsonObject(value) || value['format'] !== format || !isText(value['asked'])) return undefined;
  return listOf(isOutline)(value['arrays']) ? (value as unknown as SubmittedRun) : undefined;
}

/**
 * Keeps the id that the queue gave an array.
 *
 * @param array - folder of the array
 * @param job - the id
 */
export const writeJob = (array: string, job: string): void =>
  writeWhole(join(array, 'job'), `${job}\n`, { flush: true });

/**
 * Reads the id that the queue gave an array.
 *
 * @param array - folder of the array
 * @returns the id; undefined where it is not submitted, or whoever did so died before he could write it down
 */
export function readJob(array: string): string | undefined {
  return /^\d+(?=\n$)/.exec(textIfReadable(join(array, 'job'), 'utf8'))?.[0];
}

/**
 * Tells nodes of an array.
 *
 * @param array - folder of the array
 * @param description - what they need to know
 */
export function writeDescription(array: string, description: ArrayDescription): void {
  const mode = description.secrets ? { mode: 0o600 } : {};
  writeWhole(join(array, 'tasks.json'), `${withReferences({ format, ...description })}\n`, { flush: true, ...mode });
}

const isNeed = (value: unknown): boolean =>
  isJsonObject(value) && isCell(value['cell']) && (isText(value['from']) || isSpot(value['from']));
const isSpot = (value: unknown): value is TaskSpot =>
  isJsonObject(value) && isText(value['array']) && isNumber(value['index']);

/**
 * Reads what a node needs to know.
 *
 * @param array - folder of the array
 * @returns the description; undefined where there is none, or a damaged one
 */
export function readDescription(array: string): ArrayDescription | undefined {
  const value = readReferences(textIfReadable(join(array, 'tasks.json'), 'utf8'));
  if (!isJsonObject(value) || value['format'] !== format) return undefined;
  const texts = ['pipeline', 'run', 'runsFolder', 'workingFolder', 'store'].every((name) => isText(value[name]));
  const isWhole = texts && listOf(isCell)(value['cells']) && listOf(isNeed)(value['needs']);
  return isWhole && isList(value['tasks']) ? (value as unknown as ArrayDescription) : undefined;
}

/**
 * Says how a task ended, in one rename: the last thing that it does.
 *
 * @param file - of {@link taskFiles}
 * @param end - how it ended
 */
export function writeTaskEnd(file: string, end: TaskEnd): void {
  writeWhole(file, `${JSON.stringify({ format, ...end })}\n`, { flush: true });
}

const isCellEnd = (value: unknown): boolean =>
  isJsonObject(value) && isJsonObject(value['outputs']) && isEvent(value['event']) && isEnd(value['event']);
const isEnd = (event: Event): boolean => 'cell' in event && endsCell(event);

/**
 * Reads how a task ended.
 *
 * @param file - of {@link taskFiles}
 * @returns how; undefined where that is not said (yet)
 */
export function readTaskEnd(file: string): TaskEnd | undefined {
  let value: Json;
  try {
    value = JSON.parse(readFileSync(file, 'utf8')) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value['format'] !== format) return undefined;
  return listOf(isCellEnd)(value['cells']) ? (value as unknown as TaskEnd) : undefined;
}
