import type { Cell, CellId } from '../core/plan.ts';
import { awaited } from '../core/searches.ts';
import type { ScheduleOutcome } from './schedule-options.ts';
import { transition, type CellState, type CellEvent } from '../core/cell-state.ts';

/** The cells of a run by index, in flat arrays: their states, and who waits for whom. */
export class CellTable {
  readonly #cells: readonly Cell[];
  readonly #states: CellState[];
  /** How many of a cell's needs have no result yet. */
  readonly #missing: Int32Array;
  readonly #dependents: readonly (readonly number[])[];
  readonly #indices: ReadonlyMap<CellId, number>;

  /** @param cells - the cells of the run; all that they wait for is among them */
  constructor(cells: readonly Cell[]) {
    this.#cells = cells;
    this.#states = cells.map(() => 'waiting');
    this.#missing = new Int32Array(cells.length);
    this.#indices = new Map(cells.map(({ id }, at) => [id, at]));
    this.#dependents = dependentsOf(cells, this.#indices);
  }

  /** State of each cell, by index. */
  get states(): readonly CellState[] {
    return this.#states;
  }

  cell(index: number): Cell {
    const cell = this.#cells[index];
    if (!cell) throw new RangeError(`no cell ${index}`);
    return cell;
  }

  indexOf(id: CellId): number {
    const index = this.#indices.get(id);
    if (index === undefined) throw new RangeError(`no cell ${id}`);
    return index;
  }

  /** Cells that wait for this one. */
  dependents(index: number): readonly number[] {
    return this.#dependents[index] ?? [];
  }

  /**
   * Changes a cell's state.
   *
   * @param index - the cell
   * @param event - what happened to it
   * @throws Error when it cannot happen in the cell's state: a bug of the scheduler
   */
  change(index: number, event: CellEvent): void {
    const state = this.#states[index] ?? 'waiting';
    const next = transition(state, event);
    if (!next) throw new Error(`cell ${this.cell(index).id} is ${state}: ${event} cannot happen to it`);
    this.#states[index] = next;
  }

  /** Sets how many needs a cell still waits for. */
  await(index: number, needs: number): void {
    this.#missing[index] = needs;
  }

  /** Counts one need of a cell as met; true when it was the last that the cell waited for. */
  needMet(index: number): boolean {
    const left = (this.#missing[index] ?? 0) - 1;
    this.#missing[index] = left;
    return left === 0 && this.#states[index] === 'waiting';
  }

  /** Calls `visit` for every waiting cell that needs this one, directly or not, each once; `visit` ends the waiting. */
  forWaitingCone(index: number, visit: (index: number) => void): void {
    const cone = [...this.dependents(index)];
    for (let next = cone.pop(); next !== undefined; next = cone.pop()) {
      if (this.#states[next] !== 'waiting') continue;
      visit(next);
      for (const dependent of this.dependents(next)) cone.push(dependent);
    }
  }

  count(...states: readonly CellState[]): number {
    return this.#states.filter((state) => states.includes(state)).length;
  }

  /** How the cells ended, as a run's summary says it. */
  outcome(isInterrupted: boolean): ScheduleOutcome {
    const failed = this.count('failed', 'tainted');
    return {
      status: isInterrupted ? 'interrupted' : failed > 0 ? 'failed' : 'done',
      ran: this.count('finished'),
      reused: this.count('reused'),
      failed,
      skipped: this.count('skipped'),
      stopped: this.count('stopped'),
      states: this.#states,
    };
  }
}

function dependentsOf(cells: readonly Cell[], indices: ReadonlyMap<CellId, number>): readonly (readonly number[])[] {
  const dependents = cells.map((): number[] => []);
  cells.forEach((cell, at) => {
    for (const need of awaited(cell)) {
      const list = dependents[indices.get(need) ?? -1];
      if (!list) throw new Error(`cell ${cell.id} needs ${need}, which is not in the run`);
      list.push(at);
    }
  });
  return dependents;
}
