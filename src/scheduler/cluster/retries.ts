import type { Failure } from '../../core/failure.ts';
import type { Cell, CellId, Key } from '../../core/plan.ts';
import type { Cluster } from '../../executors/cluster.ts';
import type { OpenTask } from './open-task.ts';
import { mostRetries, retryOf, type Retry } from './retry.ts';
import type { RetriedCell, SubmittedArrays } from './submitted-arrays.ts';

/** A cell that was lost and goes on. */
export interface LostCell extends RetriedCell {
  readonly task: OpenTask;
  /** How it was lost; none for one that never began. */
  readonly failure?: Failure;
  /** For the user: how it goes on. */
  readonly text?: string;
}

/** What decides about lost cells. */
export interface RetriesOptions {
  /** All of the run, each after all that it needs. */
  readonly cells: readonly Cell[];
  readonly arrays: SubmittedArrays;
  readonly cluster: Pick<Cluster, 'refusal'>;
  /** Whether what a stage has saved of a result is there. */
  readonly hasSaved: (key: Key) => boolean;
  /** Key of the result of a cell; undefined while it has none. */
  readonly keyOf: (cell: CellId) => Key | undefined;
}

/** The cells of a run on a cluster that are to be submitted again. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #needs: ReadonlyMap<CellId, readonly CellId[]>;
  readonly #order: ReadonlyMap<CellId, number>;
  readonly #lost = new Map<CellId, LostCell>();

  /** @param options - the run */
  constructor(options: RetriesOptions) {
    this.#options = options;
    this.#needs = new Map(options.cells.map(({ id, needs }) => [id, needs]));
    this.#order = new Map(options.cells.map(({ id }, at) => [id, at]));
  }

  /** Whether there is something to submit. */
  get areDue(): boolean {
    return this.#lost.size > 0 || !this.#options.arrays.areSubmitted;
  }

  add(lost: LostCell): void {
    this.#lost.set(lost.cell, lost);
  }

  /** Whether a cell is to be submitted again. */
  has(cell: CellId): boolean {
    return this.#lost.has(cell);
  }

  /** Gives all cells up. */
  takeBack(): readonly LostCell[] {
    const lost = [...this.#lost.values()];
    this.#lost.clear();
    return lost;
  }

  /** How a cell goes on whose task ended as the queue says; undefined where it has failed. */
  retryOf(cell: CellId, task: OpenTask, word: string): Retry | undefined {
    const key = task.advanced(cell);
    const hasSaved = key !== undefined && this.#options.hasSaved(key);
    return retryOf({ word, request: task.array.request, before: this.#options.arrays.causesOf(cell), hasSaved });
  }

  /**
   * Submits a cell again that was there in vain: what it needs was lost, and tried again after it.
   *
   * @param cell - the cell
   * @param task - that it stood in
   * @param isReady - whether it may have a result by now all the same
   * @returns false where it was not in vain
   */
  waitAgain(cell: CellId, task: OpenTask, isReady: boolean): boolean {
    const { arrays } = this.#options;
    const wasTooEarly = this.#needs
      .get(cell)
      ?.some((need) => this.#lost.has(need) || arrays.isLater(need, task.array.name));
    const waits = arrays.causesOf(cell).filter((cause) => cause === 'need').length;
    if (!wasTooEarly && !(isReady && waits < mostRetries)) return false;
    this.add({ cell, task, cause: 'need', resources: task.array.request.resources });
    return true;
  }

  /**
   * Looks for nodes for those that ask for more than before.
   *
   * @returns those for which there are none, which go on no more, with the reason
   * @throws FailureError where the queue does not answer
   */
  async refuse(): Promise<readonly (LostCell & { readonly failure: Failure })[]> {
    const answers = new Map<string, Failure | undefined>();
    const refused: (LostCell & { readonly failure: Failure })[] = [];
    for (const lost of this.#lost.values()) {
      if (lost.cause !== 'memory') continue;
      const request = { ...lost.task.array.request, resources: lost.resources };
      const same = JSON.stringify(request);
      if (!answers.has(same)) answers.set(same, await this.#options.cluster.refusal(request));
      const refusal = answers.get(same);
      if (!refusal) continue;
      const message = `${lost.failure?.message ?? lost.cell}; more is refused: ${refusal.message}`;
      refused.push({ ...lost, failure: { ...refusal, ...lost.failure, message } });
    }
    for (const { cell } of refused) this.#lost.delete(cell);
    return refused;
  }

  /**
   * Writes the cells into the record as a further round.
   *
   * @returns the cells
   * @throws FailureError where the queue does not answer
   */
  async write(): Promise<readonly LostCell[]> {
    const lost = [...this.#lost.values()].sort((a, b) => this.#at(a) - this.#at(b));
    if (lost.length > 0) await this.#options.arrays.add(lost, this.#options.keyOf);
    return this.takeBack();
  }

  #at({ cell }: LostCell): number {
    return this.#order.get(cell) ?? 0;
  }
}
