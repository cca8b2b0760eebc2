import { setTimeout } from 'node:timers/promises';
import { hasResult } from '../../core/cell-state.ts';
import type { Event, EventBody } from '../../core/event.ts';
import type { Cell, CellId } from '../../core/plan.ts';
import { endsCell, stateAfter } from '../../core/run-state.ts';
import { expectedFailures } from '../../core/system-failure.ts';
import type { Cluster, QueueSight, TaskSight } from '../../executors/cluster.ts';
import { readTaskEnd, taskFiles, type TaskEnd } from '../../record/arrays.ts';
import { EventTail } from '../../record/event-tail.ts';
import { namesIfReadable } from '../../util/if-readable.ts';
import { lastLines } from '../../util/last-lines.ts';
import type { Resolver } from '../resolve.ts';
import type { ScheduleOutcome } from '../schedule-options.ts';
import { CellBoard } from './cell-board.ts';
import { lostTask } from './lost-task.ts';
import { nextPause } from '../../executors/poll.ts';
import type { SubmittedArray } from './submit.ts';

/** Pause between two looks at what tasks have written. Milliseconds. */
const glance = 1000;
/** How often a task has to be seen as ended before it counts as one that left no word: what it wrote may be on its way. */
const looks = 2;
/** How often a result is looked for before it counts as missing; network file systems may take a minute. */
const glancesForResult = 90;

/** A task whose end is not known. */
interface OpenTask {
  readonly array: SubmittedArray;
  readonly index: number;
  readonly cells: readonly CellId[];
  tail: EventTail | undefined;
  /** How often the queue has seen it as ended. */
  seenEnded: number;
  /** How often its end was read, and a result was not there. */
  unseen: number;
}

/** What a run on a cluster is followed with. */
export interface ClusterScheduleOptions {
  readonly cells: readonly Cell[];
  readonly arrays: readonly SubmittedArray[];
  readonly resolver: Pick<Resolver, 'settle' | 'entries'>;
  readonly cluster: Cluster;
  readonly keepGoing: boolean;
  /** What an earlier process has told of the run. */
  readonly past: readonly Event[];
  /** Takes what happens; events of nodes have their own time. */
  readonly emit: (event: EventBody, at?: number) => void;
  /** Aborted to look no longer; the run goes on. */
  readonly leave: AbortSignal;
}

/** Follows cells that stand in the queue of a cluster until each has ended. Only what tasks write says how. */
export class ClusterSchedule {
  readonly #options: ClusterScheduleOptions;
  readonly #board: CellBoard;
  readonly #open = new Set<OpenTask>();
  #halted = false;
  #changed = false;

  /** @param options - the cells and the arrays that run them */
  constructor(options: ClusterScheduleOptions) {
    this.#options = options;
    this.#board = new CellBoard(options.cells, options.past);
    for (const array of options.arrays)
      for (const [index, cells] of array.tasks)
        if (!cells.every((cell) => this.#board.hasEnded(cell)))
          this.#open.add({ array, index, cells, tail: undefined, seenEnded: 0, unseen: 0 });
    this.#tellReused();
  }

  /**
   * Follows the cells.
   *
   * @returns how they ended; `left` where it was told to look no longer
   */
  async run(): Promise<ScheduleOutcome> {
    const { leave, cluster } = this.#options;
    let pause = 0;
    let due = performance.now();
    for (;;) {
      this.#readTasks();
      await this.#haltAfterFailure();
      if (this.#open.size === 0) return this.#board.outcome();
      if (leave.aborted) return this.#board.outcome('left');
      if (performance.now() >= due) {
        const sight = await cluster.look();
        // A question without an answer says nothing.
        if (sight) await this.#judge(sight);
        pause = nextPause(pause, this.#changed);
        this.#changed = false;
        due = performance.now() + pause * 1000;
      }
      await setTimeout(glance, undefined, { signal: leave }).catch(() => undefined);
    }
  }

  /** What stands in no array had a result before. */
  #tellReused(): void {
    const { arrays, cells, resolver, emit } = this.#options;
    const submitted = new Set(arrays.flatMap(({ tasks }) => tasks.flatMap(([, of]) => of)));
    for (const { id: cell } of cells) {
      const key = resolver.entries.get(cell)?.key;
      if (submitted.has(cell) || key === undefined || this.#board.hasEnded(cell)) continue;
      this.#board.end(cell, 'reused');
      emit({ type: 'stage-reused', cell, key });
    }
  }

  /** Reads what tasks have written; folders are read first, as network file systems remember what was not there. */
  #readTasks(): void {
    const names = new Map<string, ReadonlySet<string>>();
    for (const task of [...this.#open]) {
      const { folder } = task.array;
      const there = names.get(folder) ?? new Set(namesIfReadable(folder));
      names.set(folder, there);
      if (there.has(`${task.index}.ndjson`)) this.#readEvents(task);
      const end = there.has(`${task.index}.json`) ? readTaskEnd(taskFiles.end(folder, task.index)) : undefined;
      if (end && this.#settle(task, end)) this.#close(task);
    }
  }

  /** Tells what a task tells while it runs; how cells end, its last word says. */
  #readEvents(task: OpenTask): void {
    task.tail ??= new EventTail(taskFiles.events(task.array.folder, task.index));
    task.tail.read((event) => {
      if (!('cell' in event) || !task.cells.includes(event.cell)) return;
      if (endsCell(event) || !this.#board.isNews(event)) return;
      if (event.type === 'stage-started') this.#changed = true;
      this.#tell(event);
    });
  }

  #tell({ at, ...body }: Event): void {
    this.#options.emit(body, at);
  }

  /** Takes the last word of a task; false while a result of which it tells is not to be seen. */
  #settle(task: OpenTask, { cells }: TaskEnd): boolean {
    const ends = new Map(cells.map(({ event }) => [event.cell, event]));
    for (const cell of task.cells) {
      if (this.#board.hasEnded(cell)) continue;
      const event = ends.get(cell);
      if (!event) this.#lose(cell, task, undefined);
      else if (!this.#end(cell, event, task)) return false;
    }
    return true;
  }

  #end(cell: CellId, event: TaskEnd['cells'][number]['event'], task: OpenTask): boolean {
    const state = stateAfter(event) ?? 'failed';
    if (hasResult(state) && 'key' in event && event.key !== null) {
      const { key } = event;
      try {
        this.#options.resolver.settle(cell, key);
      } catch (error) {
        task.unseen += 1;
        if (task.unseen < glancesForResult) return false;
        const [failure] = expectedFailures(error) ?? [];
        this.#fail(
          cell,
          task,
          failure ?? { code: 'result-not-seen', message: `the result of ${cell} is not in the store` },
        );
        return true;
      }
    }
    this.#board.end(cell, state);
    this.#tell(event);
    return true;
  }

  #close(task: OpenTask): void {
    this.#open.delete(task);
    this.#changed = true;
  }

  /** After a failure nothing new is started, unless the run keeps going. */
  async #haltAfterFailure(): Promise<void> {
    const { keepGoing, cluster, arrays } = this.#options;
    if (this.#halted || keepGoing || !this.#board.hasFailed) return;
    this.#halted = true;
    await cluster.cancel(
      arrays.map(({ job }) => job),
      'waiting',
    );
  }

  /** Compares the tasks whose end is not known with the queue. */
  async #judge(sight: QueueSight): Promise<void> {
    for (const task of [...this.#open]) {
      const seen = sight.task(task.array.job, task.index);
      if (seen && seen.state !== 'ended') {
        task.seenEnded = 0;
        continue;
      }
      task.seenEnded += 1;
      // One that never began writes nothing that could be on its way.
      if (task.seenEnded < looks && (task.tail || !seen)) continue;
      const known = seen ?? (await this.#options.cluster.recall(task.array.job, task.index));
      if (known?.reason === 'DependencyNeverSatisfied' && this.#waitsForWord(task)) continue;
      for (const cell of task.cells) if (!this.#board.hasEnded(cell)) this.#lose(cell, task, known);
      this.#close(task);
    }
  }

  /** Whether it is not known yet why what a task waited for has no result. */
  #waitsForWord({ array: { after } }: OpenTask): boolean {
    const needed = new Set(after.map(({ array }) => array));
    return [...this.#open].some(({ array: { name } }) => needed.has(name));
  }

  /** The end of a cell whose task left no word. */
  #lose(cell: CellId, task: OpenTask, sight: TaskSight | undefined): void {
    const because = this.#board.failedNeed(cell);
    const cancelled = sight?.word.startsWith('CANCELLED') ?? false;
    if (because !== undefined || (cancelled && (this.#halted || sight?.reason === 'DependencyNeverSatisfied'))) {
      this.#board.end(cell, 'skipped');
      this.#options.emit({ type: 'stage-skipped', cell, because: because ?? null });
    } else if (cancelled) {
      this.#board.end(cell, 'interrupted');
      this.#options.emit({ type: 'stage-interrupted', cell });
    } else this.#fail(cell, task, lostTask(`${task.array.job}_${task.index}`, sight));
  }

  #fail(cell: CellId, { array, index }: OpenTask, failure: ReturnType<typeof lostTask>): void {
    this.#board.end(cell, 'failed');
    const tail = lastLines(taskFiles.output(array.folder, index));
    this.#options.emit({ type: 'stage-failed', cell, key: null, failure, tail });
  }
}
