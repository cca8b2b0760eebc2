import type { EventBody } from '../../src/core/event.ts';
import { FailureError } from '../../src/core/failure.ts';
import type { Cell, CellId } from '../../src/core/plan.ts';
import type { StageTask } from '../../src/core/task.ts';
import type { Capacity, RunningTask, StartOptions } from '../../src/executors/executor.ts';
import type { Resolution } from '../../src/scheduler/resolution.ts';
import type { ScheduleOutcome } from '../../src/scheduler/schedule-options.ts';
import { Schedule } from '../../src/scheduler/schedule.ts';
import { failed, FakeExecutor, finished, keyOf, ManualClock, settle, taskOf, type HeldTask } from './fakes.ts';
import { ScheduleModel, type Fate, type ModelCell } from './schedule-model.ts';
import { noSearches } from './no-searches.ts';

/** What may happen to a run from outside, at any time. `of` picks one of the stages that run. */
export type Act =
  | { readonly do: 'end'; readonly of: number; readonly fate: Fate }
  /** It waits for another run's lock, gets it, or writes its result. */
  | { readonly do: 'wait' | 'acquire' | 'commit'; readonly of: number }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'interrupt' | 'kill' };

/** How a run is set up. */
export interface Setting extends Capacity {
  readonly cells: readonly ModelCell[];
  readonly keepGoing: boolean;
  /** Whether the run is interrupted before it begins. */
  readonly interrupted: boolean;
}

/** An executor that tells which tasks it is given together, and finds those again that stand in its queue. */
class QueueExecutor extends FakeExecutor {
  readonly #given: (tasks: readonly StageTask[]) => void;
  readonly #queue: (cell: CellId) => boolean;

  constructor(capacity: Capacity, given: (tasks: readonly StageTask[]) => void, queue: (cell: CellId) => boolean) {
    super(capacity);
    this.#given = given;
    this.#queue = queue;
  }

  override start(tasks: readonly StageTask[], options: StartOptions): readonly RunningTask[] {
    this.#given(tasks);
    return super.start(tasks, options);
  }

  attach(_handle: string, task: StageTask, options: StartOptions): RunningTask | undefined {
    return this.#queue(task.cell) ? this.start([task], options)[0] : undefined;
  }
}

/** A real schedule, and the model that watches it; stages, clock, store and user do as acts say. */
export class ScheduleWorld {
  readonly model: ScheduleModel;
  readonly #clock = new ManualClock();
  readonly #executor: QueueExecutor;
  readonly #schedule: Schedule;
  readonly #settled = new Set<CellId>();
  readonly #unsettled = new Set<CellId>();
  /** Cells that were looked up before the run and have to run. */
  readonly #first: CellId[] = [];
  /** Stages that wait for a lock, or write their results. */
  readonly #phases = new Map<CellId, 'waits' | 'commits'>();
  #outcome: ScheduleOutcome | undefined;

  constructor(setting: Setting) {
    const { cells, keepGoing, slots, gpus } = setting;
    const byId = new Map<CellId, ModelCell>(cells.map((cell) => [cell.id, cell]));
    this.model = new ScheduleModel(cells, { slots, gpus }, keepGoing, () => this.#clock.now());
    this.#executor = new QueueExecutor(
      { slots, gpus },
      (tasks) => this.model.group(tasks.map(({ cell }) => cell)),
      (cell) => byId.get(cell)?.found === 'queued',
    );
    const resolutions = cells.map((cell) => this.#resolve(cell, 'before'));
    const handles = new Map(
      cells.flatMap(({ id, found }) =>
        found === 'queued' || found === 'forgotten' ? [[keyOf(id), 'handle'] as const] : [],
      ),
    );
    this.#schedule = new Schedule({
      ...{ cells, resolutions, keepGoing, clock: this.#clock, executor: this.#executor, taskOf },
      resolver: {
        resolve: (cell) => this.#resolve(byId.get(cell.id)!, 'during'),
        settle: (id) => this.#settle(id),
        ...noSearches,
      },
      urgency: Float64Array.from(cells, ({ urgency }) => urgency),
      cohortOf: ({ id }: Cell) => byId.get(id)?.label ?? null,
      handleOf: (key) => handles.get(key),
      emit: (event: EventBody) => {
        if (event.type !== 'stage-reused') this.#begin();
        if ('cell' in event) this.model.accept(event);
      },
    });
    void this.#schedule.run(setting.interrupted).then((outcome) => (this.#outcome = outcome));
    this.#begin();
    if (setting.interrupted) this.model.halted = 'interrupted';
  }

  /** What was found before the run is told at its beginning: first what is reused, then the others start. */
  #begin(): void {
    for (const id of this.#first.splice(0)) this.model.run(id);
  }

  /** Looks a cell up. A store that cannot be read before the run lets no run begin. */
  #resolve(cell: ModelCell, when: 'before' | 'during'): Resolution {
    const because = cell.needs.filter((need) => !this.#settled.has(need));
    if (because.length) return { status: 'unknown', because, reasons: [] };
    const key = keyOf(cell.id);
    if (cell.found === 'result') {
      this.#settled.add(cell.id);
      return { status: 'reuse', key, entry: { key, path: '', outputs: {}, manifest: () => ({}) as never } };
    }
    if (cell.found === 'unreadable' && when === 'during') throw refused;
    if (when === 'before') this.#first.push(cell.id);
    else this.model.run(cell.id);
    return { status: 'run', key, reasons: ['a reason'] };
  }

  #settle(id: CellId): void {
    if (this.#unsettled.has(id)) throw refused;
    this.#settled.add(id);
  }

  #end({ task, end }: HeldTask, fate: Fate): void {
    this.model.end(task.cell, fate);
    this.#phases.delete(task.cell);
    if (fate === 'unsettled') this.#unsettled.add(task.cell);
    if (fate === 'failed') end(failed());
    else if (fate === 'interrupted') end({ status: 'interrupted' });
    else if (fate === 'tainted') end({ status: 'tainted', key: task.key, changed: ['words.txt'] });
    else end(finished(task.key, { reused: fate === 'reused' }));
  }

  /** A stage tells something. */
  #tell({ task: { cell }, tell }: HeldTask, what: 'wait' | 'acquire' | 'commit'): void {
    if (what === 'wait') {
      this.#phases.set(cell, 'waits');
      this.model.rest(cell);
      tell({ type: 'waiting', holder: 'pid 7' });
    } else if (what === 'acquire') {
      this.#phases.delete(cell);
      this.model.arm(cell);
      tell({ type: 'acquired' });
    } else {
      this.#phases.set(cell, 'commits');
      this.model.release(cell);
      tell({ type: 'committing' });
    }
  }

  /** Does one thing, and checks what has come of it. */
  async act(act: Act): Promise<void> {
    if (this.#outcome) return;
    if (act.do === 'pass') this.#clock.advance(act.seconds * 1000);
    else if (!('of' in act)) {
      this.model.halted = 'interrupted';
      this.model.killed ||= act.do === 'kill';
      this.#schedule[act.do]();
    } else {
      // Whoever waits for a lock gets it; those that neither wait nor write do one of the two.
      const phase = act.do === 'acquire' ? 'waits' : undefined;
      const { held } = this.#executor;
      const those = act.do === 'end' ? held : held.filter(({ task }) => this.#phases.get(task.cell) === phase);
      const one = those[act.of % Math.max(1, those.length)];
      if (one && act.do === 'end') this.#end(one, act.fate);
      else if (one && act.do !== 'end') this.#tell(one, act.do);
    }
    await this.check();
  }

  /** Lets all come to rest, and checks it. */
  async check(): Promise<void> {
    await settle();
    this.model.checkSettled();
    for (const { task, interrupted, killed } of this.#executor.held)
      this.model.checkAsked(task.cell, { interrupted, killed });
  }

  /** Lets all that runs end well, or stop where it is asked to, until nothing more will happen. */
  async finish(): Promise<ScheduleOutcome> {
    while (!this.#outcome) {
      const [one] = this.#executor.held;
      const next = this.#clock.next();
      if (one) this.#end(one, one.interrupted ? 'interrupted' : 'finished');
      else if (next === undefined) throw new Error('nothing runs, nothing will happen, and the run does not end');
      else this.#clock.advance(next);
      await this.check();
    }
    this.model.checkEnded();
    return this.#outcome;
  }
}

const refused = new FailureError([{ code: 'unreadable', message: 'the store cannot be read' }]);
