import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Event } from '../core/event.ts';
import { fail, FailureError } from '../core/failure.ts';
import type { Key, Plan } from '../core/plan.ts';
import { initialRun, runState, type RunState } from '../core/run-state.ts';
import { eventIn } from './event-form.ts';
import { untoldEvents } from './untold-events.ts';
import { checkFormat, planFromJson } from './plan-json.ts';

/** A run as its folder tells it, ended or not. */
export interface PastRun {
  /** Name of the run: `<start>-<id>`. */
  readonly run: string;
  readonly folder: string;
  readonly plan: Plan;
  readonly events: readonly Event[];
}

/**
 * Reads a run's folder. A run that was killed can be read: lines that are torn, and what a loss of power took, are left out.
 *
 * @param folder - path of the run's folder
 * @returns plan and events; of a run on a cluster also those that nobody has put into its record yet
 * @throws FailureError `damaged-record` when its plan is damaged or gone; `newer-record` when a later version recorded it
 */
export function readRun(folder: string): PastRun {
  const events = readEvents(folder);
  const later = events.at(-1)?.type === 'run-finished' ? [] : untoldEvents(folder, events);
  return { run: basename(folder), folder, plan: readPlan(folder), events: [...events, ...later] };
}

/** Content of a file of a record; empty where there is none: the run was killed before, or its folder is being removed. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/**
 * Reads the plan of a run.
 *
 * @param folder - path of the run's folder
 * @returns the plan
 * @throws FailureError `damaged-record` when it is damaged or gone; `newer-record` when a later version recorded it
 */
export function readPlan(folder: string): Plan {
  const file = join(folder, 'plan.json');
  const text = textOf(file);
  const plan = planFromJson(text);
  if (plan) return plan;
  return fail({
    code: 'damaged-record',
    message: `the plan that run ${basename(folder)} recorded is ${text === '' ? 'empty' : 'damaged'}`,
    place: { file },
    expected: 'the plan that kdpipe wrote when the run began',
    fix: 'name another run, or run again: finished results are in the store all the same, and are reused',
  });
}

/**
 * Reads the events of a run; lines that are torn or damaged are left out.
 *
 * @param folder - path of the run's folder
 * @returns events, in the order in which they happened
 * @throws FailureError `newer-record` when a later version recorded them
 */
export function readEvents(folder: string): readonly Event[] {
  const events = textOf(join(folder, 'events.ndjson'))
    .split('\n')
    .flatMap((line) => eventIn(line) ?? []);
  for (const event of events) if (event.type === 'run-started') checkFormat(event.format ?? 1);
  return events;
}

/** The latest run that can be read. */
export interface ReadableRun extends PastRun {
  /** Names of later runs, whose records are damaged. */
  readonly damaged: readonly string[];
}

/**
 * Reads the latest of some runs whose record is whole: a damaged one costs only itself.
 *
 * @param folders - paths of their folders, oldest first
 * @returns the run; undefined where there is none
 */
export function latestReadable(folders: readonly string[]): ReadableRun | undefined {
  const damaged: string[] = [];
  for (const folder of folders.toReversed()) {
    try {
      return { ...readRun(folder), damaged };
    } catch (error) {
      if (!(error instanceof FailureError) || error.failures[0]?.code !== 'damaged-record') throw error;
      damaged.push(basename(folder));
    }
  }
  return undefined;
}

/** `20260928T010203004Z-0a1b2c`: see {@link startOf}. */
const runName = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-[0-9a-f]{6}$/;

/**
 * When a run started, as its name tells it.
 *
 * @param run - name of a run
 * @returns milliseconds since the Unix epoch
 */
export function startOf(run: string): number {
  return Date.parse(run.replace(runName, '$1-$2-$3T$4:$5:$6.$7Z'));
}

/**
 * Names of the runs of a pipeline, oldest first.
 *
 * @param runsFolder - path of `runs/`
 * @param pipeline - the pipeline's name
 * @returns names as in {@link PastRun.run}; empty when it never ran
 */
export function listRuns(runsFolder: string, pipeline: string): readonly string[] {
  try {
    return readdirSync(join(runsFolder, pipeline))
      .filter((name) => runName.test(name))
      .sort();
  } catch {
    return [];
  }
}

/**
 * Finds the latest run of a pipeline.
 *
 * @param runsFolder - path of `runs/`
 * @param pipeline - the pipeline's name
 * @returns path of its folder, or undefined when it never ran
 */
export function latestRun(runsFolder: string, pipeline: string): string | undefined {
  const latest = listRuns(runsFolder, pipeline).at(-1);
  return latest === undefined ? undefined : join(runsFolder, pipeline, latest);
}

/**
 * The tasks that a run left in the queue of its executor when it ended without a word.
 *
 * @param folder - path of the run's folder; undefined when there was no run
 * @returns handles by key, for `Executor.attach`; empty where the record cannot be read
 */
export function queuedTasks(folder: string | undefined): ReadonlyMap<Key, string> {
  if (folder === undefined) return new Map();
  try {
    const { running } = replayRun({ events: readEvents(folder) });
    return new Map(running.flatMap(({ queued }) => (queued ? [[queued.key, queued.handle] as const] : [])));
  } catch {
    return new Map();
  }
}

/**
 * Replays the events of a run.
 *
 * @param past - the run
 * @returns its state after the last of them
 */
export function replayRun(past: Pick<PastRun, 'events'>): RunState {
  return past.events.reduce(runState, initialRun);
}
