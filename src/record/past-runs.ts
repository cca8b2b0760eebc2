import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Event } from '../core/event.ts';
import type { Key, Plan } from '../core/plan.ts';
import { initialRun, runState, type RunState } from '../core/run-state.ts';
import { isEvent } from './event-form.ts';
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
 * Reads a run's folder. A run that was killed can be read: lines that are torn, or no events, are left out.
 *
 * @param folder - path of the run's folder
 * @returns plan and events
 * @throws Error of the system when there is no such run
 * @throws FailureError when a later version recorded it
 */
export function readRun(folder: string): PastRun {
  const plan = planFromJson(readFileSync(join(folder, 'plan.json'), 'utf8'));
  const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').split('\n');
  const events = lines.flatMap(parseEvent);
  for (const event of events) if (event.type === 'run-started') checkFormat(event.format ?? 1);
  return { run: basename(folder), folder, plan, events };
}

function parseEvent(line: string): readonly Event[] {
  if (line === '') return [];
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? [event] : [];
  } catch {
    return [];
  }
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
      .filter((name) => /^\d{8}T\d{9}Z-[0-9a-f]{6}$/.test(name))
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
    const { running } = replayRun(readRun(folder));
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
