import type { Cell, CellId, Key, Plan, Resources, ValueObject } from '../../src/core/plan.ts';
import type { StageResult, StageTask, TaskMessage } from '../../src/core/task.ts';
import type { Capacity, Executor, RunningTask, StartOptions } from '../../src/executors/executor.ts';
import type { AttemptInfo } from '../../src/scheduler/schedule-options.ts';
import type { Clock } from '../../src/util/clock.ts';
import { createDeferred } from '../../src/util/deferred.ts';

/** A planned cell with little more than what a test says. */
export function cell(
  id: CellId,
  overrides: Partial<Omit<Cell, 'resources'>> & { resources?: Partial<Resources> } = {},
): Cell {
  const { resources, ...rest } = overrides;
  return {
    ...{ id, stage: id.replace(/\[.*/s, ''), kind: 'fake', axes: {}, params: {}, needs: [], retry: 0, timeout: 0 },
    ...rest,
    resources: { cpu: 1, gpu: 0, memory: 0, ...resources },
  };
}

/** A plan of these cells. */
export function planOf(cells: readonly Cell[], name = 'trial'): Plan {
  return { name, description: '', file: `${name}.yaml`, params: {}, cells, tables: [], plots: [] };
}

/** A command cell that runs a line of shell. */
export function shellCell(id: CellId, shell: string, params: ValueObject = {}, overrides: Partial<Cell> = {}): Cell {
  const full = { inputs: {}, outputs: { out: '.' }, env: {}, cwd: '.', seed: 0, shell, ...params };
  return cell(id, { kind: 'command', params: full, ...overrides });
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly action: () => void }>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer = { at: this.#now + milliseconds, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  next(): number | undefined {
    const times = [...this.#timers].map((timer) => timer.at - this.#now);
    return times.length ? Math.min(...times) : undefined;
  }

  /** Moves the time and fires what is due, earliest first. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = due.at;
      due.action();
    }
    this.#now = until;
  }
}

/** The key that a cell has in tests. */
export const keyOf = (id: CellId): Key => `key of ${id}`;

/** The task of a planned cell, with what an executor looks at. */
export const taskOf = (planned: Cell, { attempt, cohort }: AttemptInfo = { attempt: 1, cohort: [] }): StageTask => ({
  ...{ cell: planned.id, kind: planned.kind, resultVersion: 1, key: keyOf(planned.id), params: {}, inputs: [] },
  ...{ sources: [], store: '', folder: '/nowhere', run: 'run', attempt, timeout: planned.timeout },
  ...{ resources: planned.resources, commit: null, force: false, cohort },
});

/** A task that a {@link FakeExecutor} holds. */
export interface HeldTask {
  readonly task: StageTask;
  readonly tell: (message: TaskMessage) => void;
  readonly end: (result: StageResult) => void;
  interrupted: boolean;
  killed: boolean;
}

/** Holds tasks until a test ends them. */
export class FakeExecutor implements Executor {
  /** Tasks under way, in the order in which they were started. */
  readonly held: HeldTask[] = [];
  /** Cells of all tasks that were ever started. */
  readonly started: CellId[] = [];
  /** How many more were ready, for each start. */
  readonly waiting: number[] = [];
  readonly capacity: Capacity;
  closed = false;

  constructor(capacity: Capacity = { slots: 2, gpus: 0 }) {
    this.capacity = capacity;
  }

  start(tasks: readonly StageTask[], { waiting, tell }: StartOptions): readonly RunningTask[] {
    this.waiting.push(waiting);
    return tasks.map((task) => this.#hold(task, (message) => tell(task.cell, message)));
  }

  #hold(task: StageTask, tell: (message: TaskMessage) => void): RunningTask {
    const { promise, resolve } = createDeferred<StageResult>();
    const held: HeldTask = {
      ...{ task, tell, interrupted: false, killed: false },
      end: (result) => {
        this.held.splice(this.held.indexOf(held), 1);
        resolve(result);
      },
    };
    this.held.push(held);
    this.started.push(task.cell);
    return { result: promise, interrupt: () => (held.interrupted = true), kill: () => (held.killed = true) };
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** Cells of the tasks under way. */
  get cells(): readonly CellId[] {
    return this.held.map(({ task }) => task.cell);
  }

  of(id: CellId): HeldTask {
    const held = this.held.find(({ task }) => task.cell === id);
    if (!held) throw new Error(`${id} is not running; running: ${this.cells.join(', ')}`);
    return held;
  }
}

/** The result of a stage that went well. */
export const finished = (key: string, overrides: object = {}): StageResult => ({
  ...{ status: 'finished', key, outputs: {}, metrics: {}, seconds: 1, reused: false },
  ...overrides,
});

/** The result of a stage that went wrong. */
export const failed = (message = 'no luck'): StageResult => ({
  status: 'failed',
  failure: { code: 'no-luck', message },
  tail: ['last words'],
});

/** Lets everything happen that waits for promises alone. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
