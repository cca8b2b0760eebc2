import { expect } from 'vitest';
import { hasResult, isTerminal, type CellState } from '../../src/core/cell-state.ts';
import type { EventBody } from '../../src/core/event.ts';
import type { Cell, CellId } from '../../src/core/plan.ts';
import type { StageResult } from '../../src/core/task.ts';
import type { Capacity } from '../../src/executors/executor.ts';

/** A cell, and what is found of it when it is looked up. */
export interface ModelCell extends Cell {
  readonly urgency: number;
  /** Cells with the same label start together. */
  readonly label: string | null;
  /** Nothing; a result; a store that cannot be read; a task that stands in a queue; a handle that the queue has forgotten. */
  readonly found: 'nothing' | 'result' | 'unreadable' | 'queued' | 'forgotten';
}

/** How a stage ends; of `unsettled` the store cannot be read after it has finished. */
export type Fate = StageResult['status'] | 'reused' | 'unsettled';

/** How long a stage whose time is over may take before it is killed, milliseconds. */
const grace = 15_000;

/** What happens to a cell. */
type CellEventBody = Extract<EventBody, { readonly cell: CellId }>;

/** What the model knows of a cell. */
interface Known {
  readonly cell: ModelCell;
  state: CellState;
  attempts: number;
  /** How the stage has ended, until the schedule says so. */
  told: Fate | undefined;
  /** When its next attempt is due. */
  dueAt: number;
  /** When its time is over, and when it is killed; never by default. */
  deadline: number;
  killedAt: number;
  timedOut: boolean;
  killed: boolean;
}

/** Cells on one reservation; `holders` have not released it. */
interface Group {
  readonly cpu: number;
  readonly gpu: number;
  readonly holders: Set<CellId>;
}

/**
 * What a schedule may do, and must: it takes each event of one, refuses what is against the law, and knows after all has
 * settled what is missing. It searches plainly where the schedule counts.
 */
export class ScheduleModel {
  readonly #cells: ReadonlyMap<CellId, Known>;
  readonly #capacity: Capacity;
  readonly #keepGoing: boolean;
  readonly #now: () => number;
  #groups: Group[] = [];
  /** Why nothing new is started. */
  halted: 'failed' | 'interrupted' | undefined;
  killed = false;

  constructor(cells: readonly ModelCell[], capacity: Capacity, keepGoing: boolean, now: () => number) {
    const known = (cell: ModelCell): Known => ({
      ...{ cell, state: 'waiting', attempts: 0, told: undefined, timedOut: false, killed: false },
      ...{ dueAt: Infinity, deadline: Infinity, killedAt: Infinity },
    });
    this.#cells = new Map(cells.map((cell) => [cell.id, known(cell)]));
    this.#capacity = capacity;
    this.#keepGoing = keepGoing;
    this.#now = now;
  }

  get states(): readonly CellState[] {
    return [...this.#cells.values()].map(({ state }) => state);
  }

  #of(id: CellId): Known {
    const known = this.#cells.get(id);
    if (!known) throw new Error(`no cell ${id}`);
    return known;
  }

  #all(...states: readonly CellState[]): readonly Known[] {
    return [...this.#cells.values()].filter(({ state }) => states.includes(state));
  }

  #needsMet({ cell }: Known): boolean {
    return cell.needs.every((need) => hasResult(this.#of(need).state));
  }

  /** Whether something that a cell needs, directly or not, has no result and never will. */
  #isLost({ cell }: Known): boolean {
    return cell.needs.some((need) => {
      const known = this.#of(need);
      return ['failed', 'tainted'].includes(known.state) || this.#isLost(known);
    });
  }

  #needOf({ cell }: Known): { cpu: number; gpu: number } {
    const { slots, gpus } = this.#capacity;
    return { cpu: Math.min(cell.resources.cpu, slots), gpu: Math.min(cell.resources.gpu, gpus) };
  }

  #used(): { cpu: number; gpu: number } {
    const open = this.#groups.filter(({ holders }) => holders.size);
    const sum = (of: 'cpu' | 'gpu') => open.reduce((total, group) => total + group[of], 0);
    return { cpu: sum('cpu'), gpu: sum('gpu') };
  }

  #fits(known: Known): boolean {
    const [used, need] = [this.#used(), this.#needOf(known)];
    return used.cpu + need.cpu <= this.#capacity.slots && used.gpu + need.gpu <= this.#capacity.gpus;
  }

  /** Cells that wait only for room; of those that try again, the ones whose time came `before` now. */
  #waitForRoom(before = this.#now()): readonly Known[] {
    return this.#all('ready', 'retrying').filter(({ state, dueAt }) => state === 'ready' || dueAt <= before);
  }

  /** A stage has ended; the schedule says so later. */
  end(id: CellId, fate: Fate): void {
    this.#of(id).told = fate;
    this.release(id);
  }

  /** A stage has no more need of its slot. */
  release(id: CellId): void {
    this.rest(id);
    for (const { holders } of this.#groups) holders.delete(id);
  }

  /** The time of a stage stands still. */
  rest(id: CellId): void {
    Object.assign(this.#of(id), { deadline: Infinity, killedAt: Infinity });
  }

  /** The time of a stage begins. */
  arm(id: CellId): void {
    const known = this.#of(id);
    this.rest(id);
    if (known.cell.timeout) known.deadline = this.#now() + known.cell.timeout * 1000;
  }

  /** A cell was looked up, and has to run. */
  run(id: CellId): void {
    const known = this.#of(id);
    expect([known.state, this.halted, this.#needsMet(known)], `${id} is looked up`).toEqual([
      'waiting',
      undefined,
      true,
    ]);
    known.state = 'ready';
  }

  /** Tasks that an executor is given at once. */
  group(ids: readonly CellId[]): void {
    const members = ids.map((id) => this.#of(id));
    const first = members[0]!;
    this.#groups = [
      ...this.#groups.filter(({ holders }) => holders.size),
      { ...this.#needOf(first), holders: new Set(ids) },
    ];
    expect(this.#used().cpu, 'slots').toBeLessThanOrEqual(this.#capacity.slots);
    expect(this.#used().gpu, 'GPUs').toBeLessThanOrEqual(this.#capacity.gpus);
    const labels = [...new Set(members.map(({ cell }) => cell.label))];
    if (ids.length > 1) expect(labels, 'labels of a cohort').toEqual([expect.any(String)]);
    // Where times come at one instant, those that come second are not there yet.
    const left = this.#waitForRoom(this.#now() - 1);
    if (!startsAlone(first))
      expect(
        left.filter((one) => !startsAlone(one) && one.cell.label === first.cell.label).map(({ cell }) => cell.id),
        'left out of a cohort',
      ).toEqual([]);
    const urgency = Math.max(...members.map(({ cell }) => cell.urgency));
    for (const other of left.filter((one) => startsAlone(one) && sameNeed(one, first)))
      expect(other.cell.urgency, `urgency of ${other.cell.id}, which waits`).toBeLessThanOrEqual(urgency);
  }

  /** Something happened in the schedule. */
  accept(event: CellEventBody): void {
    const known = this.#of(event.cell);
    const { state, told } = known;
    const law = `${event.type} of ${event.cell}, which is ${state}${told === undefined ? '' : ` and has ended: ${told}`}`;
    switch (event.type) {
      case 'stage-waiting':
      case 'stage-acquired':
      case 'stage-progress':
      case 'stage-metric':
      case 'stage-warned':
        return;
      case 'stage-started':
        expect(this.#waitForRoom(), law).toContain(known);
        expect([this.halted, this.#needsMet(known)], law).toEqual([undefined, true]);
        known.attempts++;
        expect(known.attempts, law).toBe(event.attempt);
        expect(known.attempts, law).toBeLessThanOrEqual(known.cell.retry + 1);
        Object.assign(known, { state: 'running', timedOut: false, killed: false });
        this.arm(event.cell);
        return;
      case 'stage-reused':
        if (state === 'running') expect(told, law).toBe('reused');
        else expect([state, known.cell.found, this.#needsMet(known)], law).toEqual(['waiting', 'result', true]);
        this.#becomes(known, 'reused');
        return;
      case 'stage-finished':
        expect([state, told], law).toEqual(['running', 'finished']);
        this.#becomes(known, 'finished');
        return;
      case 'stage-tainted':
        expect([state, told], law).toEqual(['running', 'tainted']);
        this.#becomes(known, 'tainted');
        return;
      case 'stage-retrying':
        expect([state, this.halted, this.#mayRetry(known)], law).toEqual(['running', undefined, true]);
        expect(event.attempt, law).toBe(known.attempts + 1);
        known.dueAt = this.#now() + event.delay * 1000;
        this.#becomes(known, 'retrying');
        return;
      case 'stage-failed':
        expect(this.#mayFail(known), law).toBe(true);
        this.#becomes(known, 'failed');
        return;
      case 'stage-skipped':
        this.#skipped(known, event.because, law);
        return;
      case 'stage-interrupted':
        expect(this.halted, law).toBe('interrupted');
        if (state === 'running') expect(told, law).toBe('interrupted');
        else expect(known.attempts, law).toBeGreaterThan(0);
        this.#becomes(known, 'interrupted');
        return;
      case 'stage-stopped':
        // No search asks for any of these cells.
        expect.unreachable(law);
    }
  }

  /** A failed attempt, also of one that was stopped by its time or from outside, after which there is another. */
  #mayRetry({ cell, attempts, told }: Known): boolean {
    return (told === 'failed' || told === 'interrupted') && attempts <= cell.retry;
  }

  #mayFail(known: Known): boolean {
    const { state, told, cell, attempts, timedOut } = known;
    // Looked up in vain; or another attempt was to come, and the run has failed meanwhile.
    if (state === 'waiting') return cell.found === 'unreadable' && this.#needsMet(known) && !this.halted;
    if (state !== 'running') return this.halted === 'failed' && attempts > 0;
    if (told === 'unsettled') return true;
    if (told === 'interrupted' && this.halted === 'interrupted') return timedOut;
    return (told === 'failed' || told === 'interrupted') && (this.halted !== undefined || attempts > cell.retry);
  }

  #skipped(known: Known, because: CellId | null, law: string): void {
    expect(known.attempts, law).toBe(0);
    expect(['waiting', 'ready'], law).toContain(known.state);
    if (because === null) expect(this.halted, law).toBe('failed');
    else
      expect([['failed', 'tainted'].includes(this.#of(because).state), this.#needs(known, because)], law).toEqual([
        true,
        true,
      ]);
    known.state = 'skipped';
  }

  #needs({ cell }: Known, other: CellId): boolean {
    return cell.needs.some((need) => need === other || this.#needs(this.#of(need), other));
  }

  #becomes(known: Known, state: CellState): void {
    Object.assign(known, { state, told: undefined });
    if ((state === 'failed' || state === 'tainted') && !this.#keepGoing) this.halted ??= 'failed';
  }

  /** Checks who was asked to stop, and who was killed, by its time or with the run. */
  checkAsked(id: CellId, { interrupted, killed }: { readonly interrupted: boolean; readonly killed: boolean }): void {
    const known = this.#of(id);
    if (known.deadline <= this.#now()) {
      known.timedOut = true;
      known.killedAt = known.deadline + grace;
      known.deadline = Infinity;
    }
    known.killed ||= known.killedAt <= this.#now();
    expect([interrupted, killed], `${id} is asked to stop, and killed`).toEqual([
      known.timedOut || this.halted === 'interrupted',
      known.killed || this.killed,
    ]);
  }

  /** Checks that nothing is missing once all has settled. */
  checkSettled(): void {
    for (const known of this.#cells.values()) {
      expect(known.told, `${known.cell.id} has ended, and that was not said`).toBeUndefined();
      if (known.state === 'waiting') {
        expect(this.#isLost(known), `${known.cell.id} waits for what has failed`).toBe(false);
        if (!this.halted) expect(this.#needsMet(known), `${known.cell.id} waits for nothing`).toBe(false);
      }
    }
    if (this.halted === 'failed') expect(this.#all('waiting', 'ready', 'retrying'), 'left by a failed run').toEqual([]);
    if (this.halted === 'interrupted') expect(this.#all('retrying'), 'left by an interrupted run').toEqual([]);
    const left = this.#waitForRoom();
    if (!this.halted && left.length)
      expect(
        left.every((known) => this.#fits(known)),
        'slots are idle',
      ).toBe(false);
  }

  /** Checks that every cell has ended; an interrupted run leaves those that had not started as they were. */
  checkEnded(): void {
    this.checkSettled();
    for (const { cell, state, attempts } of this.#cells.values())
      if (!isTerminal(state)) expect([this.halted, attempts], `${cell.id} is ${state}`).toEqual(['interrupted', 0]);
  }
}

const sameNeed = ({ cell: a }: Known, { cell: b }: Known): boolean =>
  a.resources.cpu === b.resources.cpu && a.resources.gpu === b.resources.gpu;

/** Whether a cell starts without those of its label: what may stand in a queue stands there alone. */
const startsAlone = ({ cell, attempts, state }: Known): boolean =>
  cell.label === null || (attempts === (state === 'running' ? 1 : 0) && ['queued', 'forgotten'].includes(cell.found));
