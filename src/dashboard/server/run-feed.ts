import { join } from 'node:path';
import type { Event } from '../../core/event.ts';
import type { JsonObject } from '../../core/json.ts';
import type { CellId } from '../../core/plan.ts';
import { EventTail } from '../../record/event-tail.ts';
import { readPlan } from '../../record/past-runs.ts';
import { checkFormat } from '../../record/plan-json.ts';
import { untoldEvents } from '../../record/untold-events.ts';
import type { Store } from '../../store/store.ts';
import { isAlive } from '../../util/process-identity.ts';
import type { Snapshot } from '../data/answers.ts';
import { describePlan } from '../data/describe-plan.ts';
import { LiveRun } from '../data/live-run.ts';
import type { RunNews } from '../data/run-data.ts';

/** Of the progress of a cell the last word counts. */
function withoutStale(events: readonly Event[]): readonly Event[] {
  const last = new Map<CellId, Event>();
  for (const event of events) if (event.type === 'stage-progress') last.set(event.cell, event);
  return events.filter((event) => event.type !== 'stage-progress' || last.get(event.cell) === event);
}

/** Reads on; a record that is not there yet, or no longer, has nothing new. */
function readOn(tail: EventTail): readonly Event[] {
  const events: Event[] = [];
  try {
    tail.read((event) => {
      if (event.type === 'run-started') checkFormat(event.format ?? 1);
      events.push(event);
    });
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return events;
}

/** The record of a run, read as it grows: once for all who look at it. */
export class RunFeed {
  readonly folder: string;
  readonly live: LiveRun;
  readonly #store: Store;
  readonly #tail: EventTail;

  /**
   * @param folder - of the run
   * @param run - its name
   * @param store - where results are that it reused
   * @throws FailureError when its plan is damaged, or a later version recorded it
   */
  constructor(folder: string, run: string, store: Store) {
    this.folder = folder;
    this.#store = store;
    this.#tail = new EventTail(this.#file);
    this.live = new LiveRun(describePlan(readPlan(folder), run));
  }

  get #file(): string {
    return join(this.folder, 'events.ndjson');
  }

  /** Where its record has been read to. */
  get position(): number {
    return this.#tail.position;
  }

  /** Reads what has come since the last time. */
  refresh(): void {
    this.live.take(this.#newsOf(readOn(this.#tail)));
    this.live.alive = this.#alive();
  }

  /** What stands between a position and where the record has been read to. */
  since(position: number): RunNews {
    if (position >= this.position) return { events: [], results: {} };
    const tail = new EventTail(this.#file, position);
    return this.#newsOf(readOn(tail));
  }

  /** The run as it is now; of one on a cluster also what nobody has put into its record yet. */
  snapshot(): Snapshot {
    this.refresh();
    const { live, position } = this;
    const alive = live.alive === undefined ? {} : { alive: live.alive };
    const untold = this.untold();
    if (untold.length === 0) return { data: live.data, position, ...alive };
    const whole = new LiveRun(live.data);
    whole.take(this.#newsOf(untold));
    return { data: whole.data, position, ...alive };
  }

  /** What tasks on a cluster have written, and no process has put into the record. */
  untold(): readonly Event[] {
    const { cluster, ended } = this.live.state;
    if (cluster === undefined || ended) return [];
    const told: Event[] = [];
    new EventTail(this.#file).read((event) => told.push(event));
    return untoldEvents(this.folder, told);
  }

  #alive(): boolean | undefined {
    const { process: runner, ended } = this.live.state;
    if (ended) return false;
    return runner && isAlive(runner);
  }

  /** Events with the metrics of the results that they only name. */
  #newsOf(events: readonly Event[]): RunNews {
    const results: Record<CellId, JsonObject> = {};
    for (const event of events) {
      if (event.type !== 'stage-reused') continue;
      const metrics = this.#metricsOf(event.key);
      if (metrics) results[event.cell] = metrics;
    }
    return { events: withoutStale(events), results };
  }

  /** Metrics of a result; none where it is gone or damaged. */
  #metricsOf(key: string): JsonObject | undefined {
    try {
      return this.#store.find(key)?.manifest().metrics;
    } catch {
      return undefined;
    }
  }
}
