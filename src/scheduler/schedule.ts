import { expectedFailures } from '../core/system-failure.ts';
import type { CellId, Key } from '../core/plan.ts';
import type { StageResult, StageTask, TaskMessage } from '../core/task.ts';
import type { RunningTask } from '../executors/executor.ts';
import { createDeferred } from '../util/deferred.ts';
import { Attempt, stoppedResult } from './attempt.ts';
import { CellTable } from './cell-table.ts';
import { ReadyCells, type Start } from './ready-cells.ts';
import { startOrAttach } from './start-or-attach.ts';
import type { Resolution } from './resolution.ts';
import { backOff } from './retry.ts';
import { Slots } from './slots.ts';
import type { Pause, Problem, ScheduleOutcome, ScheduleOptions, Starting } from './schedule-options.ts';
import { eventOf } from './task-events.ts';

/** Runs cells: each after all that it needs, as many at once as there are slots, the most urgent first. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #table: CellTable;
  readonly #ready: ReadyCells;
  readonly #slots: Slots;
  readonly #attempts: Int32Array;
  /** Why each cell runs, by index. */
  readonly #reasons: string[] = [];
  readonly #running = new Set<Attempt>();
  readonly #pauses = new Map<number, Pause>();
  readonly #end = createDeferred<ScheduleOutcome>();
  #halted: 'failed' | 'interrupted' | undefined;

  /** @param options - what to run and with what */
  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#table = new CellTable(options.cells);
    this.#ready = new ReadyCells(options.cells, options.urgency);
    this.#slots = new Slots(options.executor.capacity);
    this.#attempts = new Int32Array(options.cells.length);
  }

  /**
   * Runs all cells.
   *
   * @param interrupted - true when the run was interrupted before it began: then nothing is started
   * @returns how they ended; expected problems are told as events
   */
  run(interrupted = false): Promise<ScheduleOutcome> {
    this.#options.resolver.decided(); // Of these the resolutions know.
    this.#options.resolutions.forEach((resolution, index) => this.#apply(index, resolution));
    if (interrupted) this.interrupt();
    else this.#pump();
    return this.#end.promise;
  }

  /** Starts nothing new, and asks what runs to save what it has. */
  interrupt(): void {
    this.#halted = 'interrupted';
    for (const attempt of this.#running) attempt.interrupt();
    for (const [index] of this.#endPauses()) this.#interrupted(index);
    this.#pump();
  }

  /** Ends what still runs. */
  kill(): void {
    if (this.#halted !== 'interrupted') this.interrupt();
    for (const attempt of this.#running) attempt.kill();
  }

  /** Reuses a cell, makes it ready, or lets it wait. */
  #apply(index: number, resolution: Resolution): void {
    switch (resolution.status) {
      case 'reuse':
        this.#table.change(index, 'reuse');
        this.#options.emit({ type: 'stage-reused', cell: this.#table.cell(index).id, key: resolution.key });
        return;
      case 'run':
        this.#table.change(index, 'needs-met');
        this.#reasons[index] = resolution.reasons.join('; ');
        // What an earlier run left in a queue stands there alone.
        if (this.#options.handleOf?.(resolution.key) === undefined) this.#enqueue(index);
        else this.#ready.push(index);
        return;
      case 'unknown':
        this.#table.await(index, resolution.because.length + Number(resolution.undecided ?? false));
        return;
      case 'stop':
        this.#stop(index, resolution.reasons.join('; '));
    }
  }

  /** Starts what there is room for; ends the run when nothing more will happen. */
  #pump(): void {
    while (!this.#halted) {
      const next = this.#ready.take(this.#slots);
      if (!next) break;
      this.#start(next);
    }
    if (!this.#running.size && !this.#pauses.size)
      this.#end.resolve(this.#table.outcome(this.#halted === 'interrupted'));
  }

  #enqueue(index: number): void {
    this.#ready.push(index, this.#options.cohortOf(this.#table.cell(index)));
  }

  /** Starts cells on one reservation, which is free again when the last of them has released it. */
  #start({ cells, reservation }: Start): void {
    const release = this.#slots.releaser(reservation);
    const holders = new Set(cells);
    const cohort = cells.length > 1 ? cells.map((index) => this.#table.cell(index).id) : [];
    const starting = cells.map((index) =>
      this.#prepareStart(index, cohort, () => holders.delete(index) && holders.size === 0 && release()),
    );
    const byCell = new Map(starting.map((each) => [each.task.cell, each]));
    const running = startOrAttach(
      this.#options,
      starting.map(({ task }) => task),
      {
        waiting: this.#ready.size,
        tell: (cell, message) => this.#receive(byCell.get(cell), message),
      },
    );
    running.forEach((task, at) => this.#follow(starting[at], task));
  }

  #prepareStart(index: number, cohort: readonly CellId[], free: () => boolean): Starting {
    const { clock, emit, taskOf } = this.#options;
    const cell = this.#table.cell(index);
    this.#table.change(index, 'start');
    this.#pauses.delete(index);
    const number = (this.#attempts[index] ?? 0) + 1;
    this.#attempts[index] = number;
    const task = taskOf(cell, { attempt: number, cohort });
    const [first] = cohort;
    const beside = first === undefined ? {} : { beside: cohort.length - 1, cohort: first };
    emit({
      type: 'stage-started',
      cell: cell.id,
      key: task.key,
      attempt: number,
      reason: this.#reasons[index] ?? '',
      ...beside,
    });
    const attempt = new Attempt(task, clock);
    this.#running.add(attempt);
    return { index, task, attempt, free };
  }

  #receive(from: Starting | undefined, message: TaskMessage): void {
    if (!from) return;
    from.attempt.receive(message);
    const event = eventOf(from.task, message);
    if (event) this.#options.emit(event);
    // While a result is written to the disk its slot is free: disks wait longer than they work.
    if (message.type === 'committing' && from.free()) this.#pump();
  }

  #follow(started: Starting | undefined, running: RunningTask): void {
    if (!started) throw new Error('the executor started more tasks than it was given');
    const { index, task, attempt, free } = started;
    attempt
      .finish(running)
      .then((result) => {
        this.#running.delete(attempt);
        free();
        this.#ended(index, task, result);
        this.#pump();
      })
      .catch((error: unknown) => this.#end.reject(error));
  }

  #ended(index: number, task: StageTask, result: StageResult): void {
    const { cell, key } = task;
    switch (result.status) {
      case 'finished':
        this.#finished(index, result);
        return;
      case 'tainted':
        this.#table.change(index, 'taint');
        this.#options.emit({ type: 'stage-tainted', cell, key, changed: result.changed });
        this.#lose(index);
        return;
      case 'interrupted':
        if (this.#halted === 'interrupted') this.#interrupted(index);
        else this.#ended(index, task, stoppedResult(task));
        return;
      case 'failed':
        this.#attemptFailed(index, key, result);
    }
  }

  #finished(index: number, result: Extract<StageResult, { status: 'finished' }>): void {
    const { emit, resolver } = this.#options;
    const { key, seconds, metrics, reused } = result;
    const cell = this.#table.cell(index).id;
    if (!this.#failing(index, key, () => resolver.settle(cell, key))) return;
    this.#table.change(index, reused ? 'reuse' : 'finish');
    emit(reused ? { type: 'stage-reused', cell, key } : { type: 'stage-finished', cell, key, seconds, metrics });
    this.#release(index);
  }

  /** Resolves what waited only for a cell that has ended, or for what searches say now, for what is reused because of it, and so on. */
  #release(ended: number): void {
    const settled = [ended];
    for (let from = settled.pop(); from !== undefined; from = settled.pop()) {
      const decided = this.#options.resolver.decided().map((cell) => this.#table.indexOf(cell));
      for (const index of [...this.#table.dependents(from), ...decided]) {
        if (!this.#table.needMet(index) || this.#halted) continue;
        this.#resolve(index);
        if (this.#table.states[index] === 'reused') settled.push(index);
      }
    }
  }

  #resolve(index: number): void {
    this.#failing(index, null, () => this.#apply(index, this.#options.resolver.resolve(this.#table.cell(index))));
  }

  /** Looks into the store for a cell, which fails where that cannot be read; false then. */
  #failing(index: number, key: Key | null, look: () => void): boolean {
    try {
      look();
      return true;
    } catch (error) {
      const [failure] = expectedFailures(error) ?? [];
      if (!failure) throw error;
      this.#fail(index, key, { failure, tail: [] });
      return false;
    }
  }

  #attemptFailed(index: number, key: Key, problem: Problem): void {
    const { clock, emit } = this.#options;
    const { id, retry } = this.#table.cell(index);
    const attempt = this.#attempts[index] ?? 0;
    if (this.#halted || attempt > retry) {
      this.#fail(index, key, problem);
      return;
    }
    const delay = backOff(attempt);
    this.#table.change(index, 'retry');
    emit({ type: 'stage-retrying', cell: id, attempt: attempt + 1, delay, failure: problem.failure });
    const callOff = clock.after(delay * 1000, () => {
      this.#enqueue(index);
      this.#pump();
    });
    this.#pauses.set(index, { key, problem, callOff });
  }

  #fail(index: number, key: Key | null, { failure, tail }: Problem): void {
    this.#table.change(index, 'fail');
    this.#options.emit({ type: 'stage-failed', cell: this.#table.cell(index).id, key, failure, tail });
    this.#lose(index);
  }

  /** After a failure: skips what waits for the cell and, unless the run keeps going, everything that has not started. */
  #lose(index: number): void {
    const because = this.#table.cell(index).id;
    this.#options.resolver.lose(because);
    this.#table.forWaitingCone(index, (next) => this.#skip(next, because));
    if (this.#options.keepGoing) this.#release(index);
    if (this.#options.keepGoing || this.#halted) return;
    this.#halted = 'failed';
    for (const [paused, { key, problem }] of this.#endPauses()) this.#fail(paused, key, problem);
    this.#table.states.forEach((state, other) => {
      if (state === 'waiting' || state === 'ready') this.#skip(other, null);
    });
  }

  #skip(index: number, because: CellId | null): void {
    const { id } = this.#table.cell(index);
    this.#table.change(index, 'skip');
    this.#options.resolver.lose(id);
    this.#options.emit({ type: 'stage-skipped', cell: id, because });
  }

  /** A search goes on without a cell: so does what waits for it. */
  #stop(index: number, reason: string): void {
    const stop = (next: number): void => {
      this.#table.change(next, 'stop');
      this.#options.emit({ type: 'stage-stopped', cell: this.#table.cell(next).id, reason });
    };
    if (this.#table.states[index] !== 'waiting') return;
    stop(index);
    this.#table.forWaitingCone(index, stop);
  }

  #interrupted(index: number): void {
    this.#table.change(index, 'interrupt');
    this.#options.emit({ type: 'stage-interrupted', cell: this.#table.cell(index).id });
  }

  /** Calls all further attempts off, and says whose. */
  #endPauses(): readonly (readonly [number, Pause])[] {
    const pauses = [...this.#pauses];
    this.#pauses.clear();
    for (const [, { callOff }] of pauses) callOff();
    return pauses;
  }
}
