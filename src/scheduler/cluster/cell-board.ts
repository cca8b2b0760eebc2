import { hasResult, isTerminal, type CellState } from '../../core/cell-state.ts';
import type { Event } from '../../core/event.ts';
import type { Cell, CellId } from '../../core/plan.ts';
import { stateAfter } from '../../core/run-state.ts';
import type { ScheduleOutcome } from '../schedule-options.ts';

/** How the cells of a run ended, as far as they have: where another process has told of some, behind that. */
export class CellBoard {
  readonly #cells: readonly Cell[];
  readonly #needs: ReadonlyMap<CellId, readonly CellId[]>;
  readonly #ends = new Map<CellId, CellState>();
  /** When the last event of each cell was, of which has been told before. */
  readonly #told = new Map<CellId, number>();

  /**
   * @param cells - the cells of the run
   * @param past - what has been told of them
   */
  constructor(cells: readonly Cell[], past: readonly Event[]) {
    this.#cells = cells;
    this.#needs = new Map(cells.map(({ id, needs }) => [id, needs]));
    for (const event of past) {
      if (!('cell' in event)) continue;
      this.#told.set(event.cell, event.at);
      const state = stateAfter(event);
      if (state && isTerminal(state)) this.#ends.set(event.cell, state);
    }
  }

  /** Whether an event has not been told before. */
  isNews({ cell, at }: Extract<Event, { readonly cell: CellId }>): boolean {
    return at > (this.#told.get(cell) ?? -Infinity);
  }

  hasEnded(cell: CellId): boolean {
    return this.#ends.has(cell);
  }

  hasResult(cell: CellId): boolean {
    const state = this.#ends.get(cell);
    return state !== undefined && hasResult(state);
  }

  end(cell: CellId, state: CellState): void {
    this.#ends.set(cell, state);
  }

  get hasFailed(): boolean {
    return this.#count('failed', 'tainted') > 0;
  }

  /** A cell that another one needs and that has no result; undefined while none is known. */
  failedNeed(cell: CellId): CellId | undefined {
    return this.#needs.get(cell)?.find((need) => {
      const state = this.#ends.get(need);
      return state !== undefined && !hasResult(state);
    });
  }

  #count(...states: readonly CellState[]): number {
    return [...this.#ends.values()].filter((state) => states.includes(state)).length;
  }

  /** How the cells ended; `left` while that is not known of all. */
  outcome(left?: 'left'): ScheduleOutcome {
    const failed = this.#count('failed', 'tainted');
    const status = failed > 0 ? 'failed' : this.#count('interrupted') > 0 ? 'interrupted' : 'done';
    const counts = { ran: this.#count('finished'), reused: this.#count('reused'), skipped: this.#count('skipped') };
    return {
      ...{ status: left ?? status, ...counts, failed, stopped: 0 },
      states: this.#cells.map(({ id }) => this.#ends.get(id) ?? 'waiting'),
    };
  }
}
