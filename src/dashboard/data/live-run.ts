import type { Event } from '../../core/event.ts';
import type { JsonObject } from '../../core/json.ts';
import type { CellId } from '../../core/plan.ts';
import { runState, stateAfter, type RunState } from '../../core/run-state.ts';
import { metricNumbers } from '../../core/metrics.ts';
import type { CellData, CellProgress, CurveRow, RunData, RunFold, RunNews } from './run-data.ts';

type StageEvent = Extract<Event, { readonly cell: CellId }>;

/** How far a cell is after an event. Warnings and metrics stay; what an earlier attempt left does not. */
function progressAfter(before: CellProgress, event: StageEvent): CellProgress {
  if (event.type === 'stage-warned') return { ...before, warnings: [...(before.warnings ?? []), event.message] };
  const state = stateAfter(event);
  if (state === undefined) return before;
  const { key, reason, warnings } = before;
  const kept = { state, ...(key && { key }), ...(reason !== undefined && { reason }), ...(warnings && { warnings }) };
  const keyed = 'key' in event && event.key !== null ? { ...kept, key: event.key } : kept;
  switch (event.type) {
    case 'stage-started':
    case 'stage-stopped':
      return { ...keyed, reason: event.reason };
    case 'stage-finished':
      return { ...keyed, seconds: event.seconds, metrics: metricNumbers(event.metrics) };
    case 'stage-failed':
      return { ...keyed, failure: event.failure, tail: event.tail };
    default:
      return keyed;
  }
}

/**
 * A run that goes on: its data, brought up to date event by event. Server and page fold with it, so that both show what
 * `kdpipe status` says. It changes in place, as ten thousand cells are too many to copy at every event.
 */
export class LiveRun {
  readonly cells: CellData[];
  readonly #plan: RunData;
  readonly #places: ReadonlyMap<CellId, number>;
  readonly #curves = new Map<CellId, CurveRow[]>();
  #state: RunFold;
  #started: Pick<RunData, 'command' | 'commit'>;
  #changes = 0;
  /** False where the run's process is gone; undefined where nobody can tell. */
  alive: boolean | undefined;

  /** @param data - as it was so far; it is not changed */
  constructor(data: RunData) {
    this.#plan = data;
    this.cells = [...data.cells];
    this.#state = data.state;
    this.#started = { command: data.command, commit: data.commit };
    this.#places = new Map(data.cells.map(({ id }, place) => [id, place]));
  }

  /** All of it, as JSON takes it. */
  get data(): RunData {
    return { ...this.#plan, ...this.#started, state: this.#state, cells: this.cells };
  }

  get stages(): RunData['stages'] {
    return this.#plan.stages;
  }

  get state(): RunFold {
    return this.#state;
  }

  /** Another number once a cell has come further; progress of running cells is none of that. */
  get changes(): number {
    return this.#changes;
  }

  /** A cell by its name. */
  cell(id: CellId): CellData | undefined {
    return this.cells[this.#places.get(id) ?? -1];
  }

  /** Rows of training logs that came with events since this began. */
  curves(id: CellId): readonly CurveRow[] {
    return this.#curves.get(id) ?? [];
  }

  /** Takes the next event. */
  apply(event: Event): void {
    // Its chain of changes would grow with the run; cells have their states.
    const { changes: _, ...state } = runState({ ...this.#state, changes: undefined } satisfies RunState, event);
    this.#state = state;
    if (event.type === 'run-started') this.#started = { command: event.command, commit: event.commit };
    if (!('cell' in event)) return;
    if (event.type === 'stage-metric')
      this.#curves.set(event.cell, [...(this.#curves.get(event.cell) ?? []), event.row]);
    this.#update(event.cell, (before) => progressAfter(before, event));
  }

  /** Takes the metrics of a result that is older than the run. */
  result(id: CellId, metrics: JsonObject): void {
    this.#update(id, (before) => ({ ...before, metrics: metricNumbers(metrics) }));
  }

  /** Takes what came since the last time. */
  take({ events, results, alive }: RunNews): void {
    for (const event of events) this.apply(event);
    for (const [id, metrics] of Object.entries(results)) this.result(id, metrics);
    this.alive = alive;
  }

  #update(id: CellId, change: (before: CellProgress) => CellProgress): void {
    const place = this.#places.get(id);
    const cell = place === undefined ? undefined : this.cells[place];
    if (!cell || place === undefined) return;
    const progress = change(cell.progress);
    if (progress === cell.progress) return;
    this.cells[place] = { ...cell, progress };
    this.#changes++;
  }
}
