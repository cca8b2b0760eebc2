import type { CellId } from '../core/plan.ts';
import type { StageTask } from '../core/task.ts';
import type { Cohort, Shared } from '../stages/stage-kind.ts';
import { createDeferred } from '../util/deferred.ts';

/**
 * Where a member is. `busy`: on its way to a place, or not begun yet; `waiting`: at a place; `aside`: without room beside
 * the others; `away`: it waits for something outside, and nobody waits for it; `left`: it has ended.
 */
type MemberStatus = 'busy' | 'waiting' | 'aside' | 'away' | 'left';

interface MemberState {
  status: MemberStatus;
  place: number;
  /** Lets it go on from where it waits. */
  release: () => void;
}

/** Something shared, and who asked for it. */
interface SharedItem {
  readonly shared: Shared<unknown>;
  readonly holders: Set<CellId>;
}

/** A member's own view of its cohort. */
export interface Member extends Cohort {
  /** Says that it waits for something outside: the others go on without it. */
  away(): void;
  /** Says that it is there again. */
  back(): void;
  /** Says that it has ended, once or more; what only it still shared is disposed. */
  leave(): Promise<void>;
}

/** The tasks of one process that run as a cohort. Everybody waits for everybody who is there or still to come. */
export class CohortBarrier {
  readonly #members: ReadonlyMap<CellId, MemberState>;
  readonly #items = new Map<string, SharedItem>();

  /** @param cells - all members, those that have not begun among them */
  constructor(cells: readonly CellId[]) {
    this.#members = new Map(cells.map((cell) => [cell, { status: 'busy', place: 0, release: () => undefined }]));
  }

  /** True once all members have ended. */
  get over(): boolean {
    return this.#are('left').length === this.#members.size;
  }

  /**
   * A member's member.
   *
   * @param cell - the member
   * @param signal - aborted when it shall stop: it then waits for nobody any more
   * @returns what the member sees of the cohort
   * @throws RangeError when the cell is no member: a bug
   */
  member(cell: CellId, signal: AbortSignal): Member {
    const member = this.#members.get(cell);
    if (!member) throw new RangeError(`${cell} is not of this cohort`);
    return {
      share: (name, make) => this.#share(cell, name, make),
      reach: (place) => {
        member.place = place;
        return this.#wait(member, 'waiting', signal);
      },
      stepAside: () => this.#stepAside(member, signal),
      away: () => this.#move(member, 'away'),
      back: () => this.#move(member, 'busy'),
      leave: () => this.#leave(cell, member),
    };
  }

  #are(...status: readonly MemberStatus[]): readonly MemberState[] {
    return [...this.#members.values()].filter((member) => status.includes(member.status));
  }

  #move(member: MemberState, status: MemberStatus): void {
    member.status = status;
    this.#settle();
  }

  /** Lets go on who may: once nobody is busy, those at the least place; if there are none, those aside. */
  #settle(): void {
    if (this.#are('busy').length) return;
    const waiting = this.#are('waiting');
    const least = Math.min(...waiting.map(({ place }) => place));
    const next = waiting.length ? waiting.filter(({ place }) => place === least) : this.#are('aside');
    for (const member of next) member.status = 'busy';
    for (const member of next) member.release();
  }

  async #wait(member: MemberState, how: 'waiting' | 'aside', signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = createDeferred<undefined>();
    const onAbort = (): void => {
      member.status = 'busy';
      resolve(undefined);
    };
    member.release = () => resolve(undefined);
    signal.addEventListener('abort', onAbort);
    this.#move(member, how);
    await promise;
    signal.removeEventListener('abort', onAbort);
  }

  async #stepAside(member: MemberState, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#are('busy', 'waiting').every((other) => other === member)) return false;
    await this.#wait(member, 'aside', signal);
    return true;
  }

  #share<T>(cell: CellId, name: string, make: () => Shared<T>): T {
    const item = this.#items.get(name) ?? { shared: make(), holders: new Set<CellId>() };
    this.#items.set(name, item);
    item.holders.add(cell);
    return item.shared.value as T;
  }

  async #leave(cell: CellId, member: MemberState): Promise<void> {
    if (member.status === 'left') return;
    const orphaned = [...this.#items].filter(([, { holders }]) => holders.delete(cell) && holders.size === 0);
    for (const [name] of orphaned) this.#items.delete(name);
    try {
      await Promise.all(orphaned.map(async ([, { shared }]) => shared.dispose()));
    } finally {
      this.#move(member, 'left');
    }
  }
}

/** The barriers of a process: tasks of the same cohort find each other in it. */
export class CohortBarriers {
  readonly #cohorts = new Map<string, CohortBarrier>();

  /**
   * A task's member in its cohort; alone where it has none.
   *
   * @param task - about to begin
   * @param signal - aborted when it shall stop
   * @returns its member
   */
  member({ cell, cohort }: Pick<StageTask, 'cell' | 'cohort'>, signal: AbortSignal): Member {
    if (!cohort.length) return new CohortBarrier([cell]).member(cell, signal);
    const name = cohort.join('\n');
    const barrier = this.#cohorts.get(name) ?? new CohortBarrier(cohort);
    this.#cohorts.set(name, barrier);
    const member = barrier.member(cell, signal);
    return {
      ...member,
      leave: async () => {
        await member.leave();
        if (barrier.over) this.#cohorts.delete(name);
      },
    };
  }
}
