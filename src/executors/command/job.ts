import type { CellId } from '../../core/plan.ts';
import type { StageResult, TaskMessage } from '../../core/task.ts';
import { createDeferred, type Deferred } from '../../util/deferred.ts';
import { lastLines } from '../../util/last-lines.ts';
import { LineTail } from '../../util/line-tail.ts';
import type { JobSight } from './programs.ts';
import { jobFiles, messageIn, type JobDescription } from './job-folder.ts';

/** How often a job has to be seen as ended before it counts as one that left no word: what it wrote may be on its way. */
const looks = 2;

/** A cell whose end is waited for. */
interface Member {
  readonly tell: (message: TaskMessage) => void;
  readonly ended: Deferred<StageResult>;
}

/** A job that was submitted, or is about to be: what it tells, and how its cells end. */
export class Job {
  readonly folder: string;
  readonly description: JobDescription;
  /** What the queue calls it; undefined until it is submitted. */
  handle: string | undefined;
  /** Whether it is to end before it is done. */
  calledOff = false;
  readonly #tail: LineTail;
  readonly #members = new Map<CellId, Member>();
  /** What cells ended with before anybody waited for them. */
  readonly #past = new Map<CellId, StageResult>();
  #began = false;
  #seenEnded = 0;

  /**
   * @param folder - absolute path of its folder
   * @param description - what it runs
   */
  constructor(folder: string, description: JobDescription) {
    this.folder = folder;
    this.description = description;
    this.#tail = new LineTail(jobFiles.messages(folder));
  }

  /**
   * Waits for a cell.
   *
   * @param cell - one that it runs
   * @param tell - takes the cell's messages
   * @returns how it ends; a job that leaves no word of it has failed with `job-lost`
   */
  follow(cell: CellId, tell: (message: TaskMessage) => void): Promise<StageResult> {
    const member = { tell, ended: createDeferred<StageResult>() };
    this.#members.set(cell, member);
    tell({
      type: 'queued',
      handle: this.folder,
      queue: this.handle === undefined ? 'the queue' : `job ${this.handle}`,
    });
    if (this.#began) tell({ type: 'acquired' });
    const past = this.#past.get(cell);
    if (past) this.#settle(cell, past);
    return member.ended.promise;
  }

  /** False once all cells that are waited for have ended. */
  get isOpen(): boolean {
    return this.#members.size > 0;
  }

  /** Takes note of what the queue calls it. */
  submitted(handle: string): void {
    this.handle = handle;
    if (!this.#began) this.tell({ type: 'queued', handle: this.folder, queue: `job ${handle}` });
  }

  /** Tells something of all its cells. */
  tell(message: TaskMessage): void {
    for (const { tell } of this.#members.values()) tell(message);
  }

  /** Ends all cells in the same way. */
  settle(result: StageResult): void {
    for (const cell of this.#members.keys()) this.#settle(cell, result);
  }

  #settle(cell: CellId, result: StageResult): void {
    this.#past.set(cell, result);
    this.#members.get(cell)?.ended.resolve(result);
    this.#members.delete(cell);
  }

  /** Reads what it has written. */
  read(): void {
    try {
      this.#tail.read((line) => this.#receive(line));
    } catch {
      // It has written nothing yet, or its disk does not answer: only the queue says that nothing more will come.
    }
  }

  #receive(line: string): void {
    const message = messageIn(line);
    if (message?.type === 'began') {
      if (!this.#began) this.tell({ type: 'acquired' });
      this.#began = true;
    } else if (message?.type === 'told') this.#members.get(message.cell)?.tell(message.message);
    // One that was interrupted, but not by this run, the queue may start anew.
    else if (message && (message.result.status !== 'interrupted' || this.calledOff))
      this.#settle(message.cell, message.result);
  }

  /**
   * Takes what the queue says of it.
   *
   * @param sight - undefined where that is not known: then nothing is concluded
   */
  judge(sight: JobSight | undefined): void {
    if (!sight || sight.state === 'unknown') return;
    this.#seenEnded = sight.state === 'ended' ? this.#seenEnded + 1 : 0;
    if (this.#seenEnded < looks) return;
    this.read();
    this.settle(this.calledOff ? { status: 'interrupted' } : this.#lost(sight.reason));
  }

  #lost(reason: string): StageResult {
    const why = reason === '' ? '' : ` (${reason})`;
    return {
      status: 'failed',
      failure: {
        code: 'job-lost',
        message: `job ${this.handle ?? ''} has ended${why}, and left no word of how`,
        fix: `see what its script printed, ${jobFiles.output(this.folder)}, and what its queue says`,
      },
      tail: lastLines(jobFiles.output(this.folder)),
    };
  }
}
