import { existsSync } from 'node:fs';
import { hasResult } from '../../core/cell-state.ts';
import type { Event, EventBody } from '../../core/event.ts';
import type { Failure } from '../../core/failure.ts';
import type { CellId, Key } from '../../core/plan.ts';
import { stateAfter } from '../../core/run-state.ts';
import { expectedFailures } from '../../core/system-failure.ts';
import type { TaskSight } from '../../executors/cluster.ts';
import { taskFiles, type CellEnd } from '../../record/arrays.ts';
import { lastLines } from '../../util/last-lines.ts';
import type { Resolver } from '../resolve.ts';
import { CellBoard } from './cell-board.ts';
import { lostTask, neverSatisfied, wordOf } from './lost-task.ts';
import type { OpenTask } from './open-task.ts';
import { Retries, type LostCell, type RetriesOptions } from './retries.ts';
import { triesText } from './retry.ts';

/** How often a result is looked for before it counts as missing; network file systems may take a minute. */
const glancesForResult = 90;

/** What is needed to say how the cells of a run end. */
export interface CellEndsOptions extends Omit<RetriesOptions, 'keyOf'> {
  readonly resolver: Pick<Resolver, 'settle' | 'entries'>;
  /** What an earlier process has told of the run. */
  readonly past: readonly Event[];
  /** Takes what happens; events of nodes have their own time. */
  readonly emit: (event: EventBody, at?: number) => void;
  /** Path of the file that is there once the run is cancelled. */
  readonly calledOff: string;
}

/** Says how the cells of a run on a cluster end, or that they are submitted again. */
export class CellEnds {
  readonly board: CellBoard;
  readonly retries: Retries;
  readonly #options: CellEndsOptions;
  /** After a failure nothing new is started, unless the run keeps going. */
  #halted = false;

  /** @param options - the run */
  constructor(options: CellEndsOptions) {
    const { cells, past, resolver } = options;
    this.#options = options;
    this.board = new CellBoard(cells, past);
    this.retries = new Retries({ ...options, keyOf: (cell) => resolver.entries.get(cell)?.key });
  }

  /** Whether nothing is to be said of a cell any more. */
  isSettled(cell: CellId): boolean {
    return this.board.hasEnded(cell) || this.retries.has(cell);
  }

  /** Whether the failure is seen for the first time after which nothing new is started. */
  haltsNow(): boolean {
    if (this.#halted || this.#options.arrays.keepGoing || !this.board.hasFailed) return false;
    this.#halted = true;
    return true;
  }

  /** Whether nothing new is started. */
  get #isOver(): boolean {
    return this.#halted || this.#isCalledOff;
  }

  get #isCalledOff(): boolean {
    return existsSync(this.#options.calledOff);
  }

  /** Ends what was to be submitted again, where nothing new is started. */
  giveUpIfOver(): void {
    if (this.#isOver) for (const lost of this.retries.takeBack()) this.#giveUp(lost);
  }

  /** Ends a cell that the queue has refused to take again. */
  refuse(cell: CellId, failure: Failure): void {
    const because = this.board.failedNeed(cell);
    if (because === undefined) this.fail(cell, failure);
    else this.#skip(cell, because);
  }

  #giveUp({ cell, task, failure }: LostCell): void {
    if (this.#isCalledOff) this.#interrupt(cell);
    else if (failure) this.fail(cell, failure, task);
    else this.#skip(cell, this.board.failedNeed(cell));
  }

  /** What stands in no array had a result before. */
  tellReused(): void {
    const { arrays, cells, resolver, emit } = this.#options;
    for (const { id: cell } of cells) {
      const key = resolver.entries.get(cell)?.key;
      if (arrays.spotOf(cell) || key === undefined || this.board.hasEnded(cell)) continue;
      this.board.end(cell, 'reused');
      emit({ type: 'stage-reused', cell, key });
    }
  }

  /** Takes how a cell ended; false where that has to wait. */
  take(event: CellEnd['event'], task: OpenTask): boolean {
    const { cell } = event;
    const state = stateAfter(event) ?? 'failed';
    if (hasResult(state) && 'key' in event && event.key !== null) {
      const missing = this.#seeResult(cell, event.key, task);
      if (missing === 'wait') return false;
      if (missing) {
        this.fail(cell, missing, task);
        return true;
      }
    } else if (event.type === 'stage-failed' && event.failure.code === 'out-of-memory') {
      const { key, failure, tail } = event;
      this.#retryOrFail({ cell, task, word: 'OUT_OF_MEMORY', failure, key, tail });
      return true;
    } else if (event.type === 'stage-skipped' && event.because !== null && !this.#isOver) {
      if (this.retries.waitAgain(cell, task, this.board.hasResult(event.because))) return true;
      if (!this.board.hasEnded(event.because)) return false;
    }
    this.board.end(cell, state);
    const { at, ...body } = event;
    this.#options.emit(body, at);
    return true;
  }

  /** Takes note of a result; says what is wrong where it is not there, or that it may still come. */
  #seeResult(cell: CellId, key: Key, task: OpenTask): Failure | 'wait' | undefined {
    try {
      this.#options.resolver.settle(cell, key);
      return undefined;
    } catch (error) {
      task.unseen += 1;
      if (task.unseen < glancesForResult) return 'wait';
      const [failure] = expectedFailures(error) ?? [];
      return failure ?? { code: 'result-not-seen', message: `the result of ${cell} is not in the store` };
    }
  }

  /** The end of a cell whose task left no word. */
  lose(cell: CellId, task: OpenTask, sight: TaskSight | undefined): void {
    const because = this.board.failedNeed(cell);
    const isCancelled = sight !== undefined && wordOf(sight) === 'CANCELLED';
    const isKilled = isCancelled && sight.reason === neverSatisfied;
    if (because !== undefined || (isCancelled && this.#halted)) this.#skip(cell, because);
    else if (this.#isCalledOff) this.#interrupt(cell);
    else if (!task.hasBegun && this.retries.waitAgain(cell, task, isKilled)) return;
    else if (isCancelled) this.#interrupt(cell);
    else {
      const word = wordOf(sight);
      // It was told to stop, and could not put itself back into the queue.
      const hasStopped = word === 'FAILED' && task.isInterrupted(cell);
      this.#retryOrFail({
        cell,
        task,
        word: hasStopped ? 'TIMEOUT' : word,
        failure: lostTask(task.name, sight, outputOf(task)),
      });
    }
  }

  #retryOrFail({ cell, task, word, failure, key = null, tail = outputOf(task) }: Lost): void {
    const retry = this.#isOver ? undefined : this.retries.retryOf(cell, task, word);
    if (retry) {
      this.retries.add({ cell, task, ...retry, failure });
      return;
    }
    const message = `${failure.message}${triesText(this.#options.arrays.triesOf(cell))}`;
    this.board.end(cell, 'failed');
    this.#options.emit({ type: 'stage-failed', cell, key, failure: { ...failure, message }, tail });
  }

  #skip(cell: CellId, because: CellId | undefined): void {
    this.board.end(cell, 'skipped');
    this.#options.emit({ type: 'stage-skipped', cell, because: because ?? null });
  }

  #interrupt(cell: CellId): void {
    this.board.end(cell, 'interrupted');
    this.#options.emit({ type: 'stage-interrupted', cell });
  }

  fail(cell: CellId, failure: Failure, task?: OpenTask): void {
    this.board.end(cell, 'failed');
    this.#options.emit({ type: 'stage-failed', cell, key: null, failure, tail: task ? outputOf(task) : [] });
  }
}

/** A cell whose task was lost. */
interface Lost {
  readonly cell: CellId;
  readonly task: OpenTask;
  /** The queue's word for that. */
  readonly word: string;
  readonly failure: Failure;
  readonly key?: Key | null;
  readonly tail?: readonly string[];
}

/** The end of what the script of a task printed. */
const outputOf = ({ array, index }: OpenTask): readonly string[] => lastLines(taskFiles.output(array.folder, index));
