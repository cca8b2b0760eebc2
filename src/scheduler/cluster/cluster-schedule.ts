import type { JobRequest } from '../../core/array-job.ts';
import type { Event } from '../../core/event.ts';
import { isFailure } from '../../core/failure.ts';
import { endsCell } from '../../core/run-state.ts';
import type { Cluster, QueueSight } from '../../executors/cluster.ts';
import { nextPause } from '../../executors/poll.ts';
import type { TaskEnd } from '../../record/arrays.ts';
import { namesIfReadable } from '../../util/if-readable.ts';
import { pass, type Clock } from '../../util/clock.ts';
import type { ScheduleOutcome } from '../schedule-options.ts';
import { CellEnds, type CellEndsOptions } from './cell-ends.ts';
import { neverSatisfied, wordOf } from './lost-task.ts';
import { OpenTask } from './open-task.ts';
import { StuckTasks } from './stuck-tasks.ts';
import type { SubmittedArray } from './submitted-arrays.ts';

/** Pause between two looks at what tasks have written. Milliseconds. */
const glance = 1000;
/** How often a task has to be seen as ended before it counts as one that left no word: what it wrote may be on its way. */
const looks = 2;
/** From where on clocks that differ are told. Seconds. */
const leastSkew = 30;

/** What a run on a cluster is followed with. */
export interface ClusterScheduleOptions extends CellEndsOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Aborted to look no longer; the run goes on. */
  readonly leave: AbortSignal;
  /** Takes note that a node has run a task that asked for so much. */
  readonly noteNode: (request: JobRequest) => void;
}

/**
 * Follows cells that stand in the queue of a cluster until each has ended. Only what tasks write says how; cells that were lost
 * through no fault of their own are submitted again.
 */
export class ClusterSchedule {
  readonly #options: ClusterScheduleOptions;
  readonly #ends: CellEnds;
  readonly #open = new Set<OpenTask>();
  /** Jobs of which the record tells. */
  readonly #told: Set<string>;
  /** Nodes of which was said that their clock is wrong. */
  readonly #skewed = new Set<string>();
  readonly #stuck = new StuckTasks();
  /** Whether jobs may wait for what workers have done. */
  #hasIdleJobs = false;
  /** Whether what waits has to be cancelled. */
  #cancels = false;
  #changed = false;

  /** @param options - the cells and the arrays that run them */
  constructor(options: ClusterScheduleOptions) {
    this.#options = options;
    this.#ends = new CellEnds(options);
    const submitted = options.past.flatMap((event) => (event.type === 'run-submitted' ? event.jobs : []));
    this.#told = new Set(submitted.map(({ job }) => job));
  }

  /**
   * Submits what the queue does not have yet.
   *
   * @param continued - true where it may have heard of some of it already
   * @throws FailureError where it is refused, or the queue does not answer
   */
  async submit(continued: boolean): Promise<void> {
    const { arrays, cluster, emit } = this.#options;
    const { fresh, refused } = await arrays.submit(continued);
    for (const array of fresh) this.#follow(array);
    const untold = fresh.filter(({ job }) => !this.#told.has(job));
    for (const { job } of untold) this.#told.add(job);
    const jobs = untold.map(({ job, name: array, tasks }) => ({ job, array, tasks: tasks.length }));
    if (jobs.length > 0) emit({ type: 'run-submitted', cluster: cluster.name, jobs });
    if (refused) for (const cell of refused.cells) this.#ends.refuse(cell, refused.failure);
  }

  #follow(array: SubmittedArray): void {
    const { arrays } = this.#options;
    for (const [index, all] of array.tasks) {
      const cells = all.filter((cell) => !this.#ends.board.hasEnded(cell) && arrays.spotOf(cell)?.array === array.name);
      if (cells.length > 0) this.#open.add(new OpenTask(array, index, cells));
    }
  }

  /**
   * Follows the cells.
   *
   * @returns how they ended; `left` where it was told to look no longer
   */
  async run(): Promise<ScheduleOutcome> {
    const { leave, clock } = this.#options;
    const { board, retries } = this.#ends;
    this.#ends.tellReused();
    let pause = 0;
    for (let untilDue = 0; ; untilDue -= glance) {
      this.#readTasks();
      const isOver = this.#open.size === 0 && !retries.areDue;
      if (this.#ends.haltsNow() || (isOver && this.#hasIdleJobs)) {
        this.#cancels = true;
        this.#hasIdleJobs = false;
        untilDue = 0;
      }
      if (isOver && !this.#cancels) return board.outcome();
      if (leave.aborted) return board.outcome('left');
      if (untilDue <= 0) {
        await this.#ask();
        pause = nextPause(pause, this.#changed);
        this.#changed = false;
        untilDue = pause * 1000;
      }
      await pass(clock, glance, leave);
    }
  }

  /** Asks the queue, and tells it what there is to do; where it does not answer, the next time. */
  async #ask(): Promise<void> {
    const { cluster, arrays } = this.#options;
    try {
      if (this.#cancels) await cluster.cancel(arrays.jobs, 'waiting');
      this.#cancels = false;
      const sight = await cluster.look();
      // A question without an answer says nothing.
      if (!sight) return;
      // What the queue knows of as ended may have left its word since the last glance.
      this.#readTasks();
      await this.#judge(sight);
      if (!this.#ends.retries.areDue) return;
      // Of what was lost others have said that they miss it: they go with it.
      this.#readTasks();
      await this.#tryAgain();
    } catch (error) {
      if (!isFailure(error, 'slurm-silent')) throw error;
    }
  }

  /** Submits a further round, of what was lost since the last. */
  async #tryAgain(): Promise<void> {
    const { emit, arrays } = this.#options;
    const { retries } = this.#ends;
    this.#ends.giveUpIfOver();
    for (const { cell, failure, task } of await retries.refuse()) this.#ends.fail(cell, failure, task);
    for (const { cell, failure, text } of await retries.write()) {
      if (!failure) continue;
      const told = { ...failure, message: `${failure.message}: ${text}` };
      emit({ type: 'stage-retrying', cell, attempt: 1 + arrays.triesOf(cell), delay: 0, failure: told });
    }
    await this.submit(true);
    this.#changed = true;
  }

  /** Reads what tasks have written; folders are read first, as network file systems remember what was not there. */
  #readTasks(): void {
    const names = new Map<string, ReadonlySet<string>>();
    for (const task of [...this.#open]) {
      const { folder } = task.array;
      const there = names.get(folder) ?? new Set(namesIfReadable(folder));
      names.set(folder, there);
      if (there.has(`${task.index}.ndjson`)) this.#readEvents(task);
      const end = there.has(`${task.index}.json`) ? task.readEnd() : undefined;
      if (end) this.#meetNode(task, end);
      if (end && this.#settle(task, end)) this.#close(task);
    }
  }

  #meetNode(task: OpenTask, end: TaskEnd): void {
    if (end.byWorker) this.#hasIdleJobs = true;
    else this.#options.noteNode(task.array.request);
    this.#compareClocks(task, end);
  }

  /** Says, once a node, that its clock is ahead of this machine's: times in the record are wrong then, results are not. */
  #compareClocks({ cells: [cell] }: OpenTask, { host, ended }: TaskEnd): void {
    const ahead = Math.round((ended - this.#options.clock.now()) / 1000);
    if (cell === undefined || ahead < leastSkew || this.#skewed.has(host)) return;
    this.#skewed.add(host);
    const message = `the clock of node ${host} is at least ${ahead} s ahead of this machine's: times of its stages are wrong`;
    this.#options.emit({ type: 'stage-warned', cell, message });
  }

  /** Tells what a task tells while it runs; how cells end, its last word says. */
  #readEvents(task: OpenTask): void {
    task.readEvents((event) => {
      if (endsCell(event) || !this.#ends.board.isNews(event)) return;
      if (event.type === 'stage-started') this.#changed = true;
      this.#tell(event);
    });
  }

  #tell({ at, ...body }: Event): void {
    this.#options.emit(body, at);
  }

  /** Takes the last word of a task; false while a result of which it tells is not to be seen, or what came before is not known. */
  #settle(task: OpenTask, { cells }: TaskEnd): boolean {
    const ends = new Map(cells.map(({ event }) => [event.cell, event]));
    for (const cell of task.cells) {
      if (this.#ends.isSettled(cell)) continue;
      const event = ends.get(cell);
      if (!event) this.#ends.lose(cell, task, undefined);
      else if (!this.#ends.take(event, task)) return false;
    }
    return true;
  }

  #close(task: OpenTask): void {
    this.#open.delete(task);
    this.#changed = true;
  }

  /** Compares the tasks whose end is not known with the queue. */
  async #judge(sight: QueueSight): Promise<void> {
    for (const task of [...this.#open]) {
      if (task.hasWord) continue;
      const seen = sight.task(task.array.job, task.index);
      if (seen && seen.state !== 'ended') {
        task.seenEnded = 0;
        this.#stuck.see(task, seen);
        continue;
      }
      task.seenEnded += 1;
      // What one wrote may be on its way, unless it never began.
      const neverBegan = !task.hasBegun && wordOf(seen) === 'CANCELLED';
      if (task.seenEnded < looks && !neverBegan) continue;
      const known = seen ?? (await this.#options.cluster.recall(task.array.job, task.index));
      if (known?.reason === neverSatisfied && this.#waitsForWord(task)) continue;
      for (const cell of task.cells) if (!this.#ends.isSettled(cell)) this.#ends.lose(cell, task, known);
      this.#close(task);
    }
    for (const event of this.#stuck.tell()) this.#options.emit(event);
  }

  /** Whether it is not known yet why what a task waited for has no result. */
  #waitsForWord({ array: { after } }: OpenTask): boolean {
    const needed = new Set(after.map(({ array }) => array));
    return [...this.#open].some(({ array: { name } }) => needed.has(name));
  }
}
