import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Event } from '../core/event.ts';
import type { CellId, Plan } from '../core/plan.ts';
import { planFromJson } from './plan-json.ts';
import type { CellState } from '../core/cell-state.ts';

/** A run as its folder tells it, ended or not. */
export interface PastRun {
  /** Name of the run: `<start>-<id>`. */
  readonly run: string;
  readonly folder: string;
  readonly plan: Plan;
  readonly events: readonly Event[];
}

/** How far a cell came in a run. */
export interface CellStatus {
  readonly state: CellState;
  /** The event that brought it there. */
  readonly event: Event;
}

/**
 * Reads a run's folder. A run that was killed can be read: a torn last line is left out.
 *
 * @param folder - path of the run's folder
 * @returns plan and events
 * @throws Error of the system when there is no such run
 */
export function readRun(folder: string): PastRun {
  const plan = planFromJson(readFileSync(join(folder, 'plan.json'), 'utf8'));
  const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').split('\n');
  return { run: basename(folder), folder, plan, events: lines.flatMap(parseEvent) };
}

function parseEvent(line: string): readonly Event[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as Event];
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

const stateAfter: Readonly<Partial<Record<Event['type'], CellState>>> = {
  'stage-reused': 'reused',
  'stage-waiting': 'running',
  'stage-started': 'running',
  'stage-retrying': 'retrying',
  'stage-finished': 'finished',
  'stage-tainted': 'tainted',
  'stage-failed': 'failed',
  'stage-skipped': 'skipped',
  'stage-interrupted': 'interrupted',
};

/**
 * Replays events: how far each cell came. Cells without an event are not in it: they were still waiting.
 *
 * @param events - of one run, in order
 * @returns the last state of every cell that something happened to
 */
export function cellStatuses(events: readonly Event[]): ReadonlyMap<CellId, CellStatus> {
  const statuses = new Map<CellId, CellStatus>();
  for (const event of events) {
    const state = stateAfter[event.type];
    if (state !== undefined && 'cell' in event) statuses.set(event.cell, { state, event });
  }
  return statuses;
}
