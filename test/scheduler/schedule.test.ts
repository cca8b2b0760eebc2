import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { FailureError } from '../../src/core/failure.ts';
import type { Cell, CellId } from '../../src/core/plan.ts';
import type { Resolution } from '../../src/scheduler/resolution.ts';
import type { AttemptInfo, ScheduleOptions } from '../../src/scheduler/schedule-options.ts';
import { Schedule } from '../../src/scheduler/schedule.ts';
import { cell, failed, FakeExecutor, finished, keyOf, ManualClock, settle, taskOf } from './fakes.ts';
import { noSearches } from './no-searches.ts';

/** What the fake resolver says of a cell once its needs are there: it runs unless it is named here. */
interface World {
  readonly reusable?: readonly CellId[];
  readonly broken?: Readonly<Record<CellId, string>>;
}

/** Options of a schedule, and the capacity of its executor. */
type StandOptions = Partial<ScheduleOptions> & { readonly slots?: number; readonly gpus?: number };

/** A schedule over a fake executor and clock, with what it did. */
class Stand {
  readonly executor: FakeExecutor;
  readonly clock = new ManualClock();
  readonly events: EventBody[] = [];
  readonly attempts = new Map<CellId, AttemptInfo[]>();
  readonly settled = new Set<CellId>();
  readonly schedule: Schedule;
  readonly ended: ReturnType<Schedule['run']>;

  constructor(cells: readonly Cell[], { slots = 2, gpus = 0, ...options }: StandOptions = {}, world: World = {}) {
    this.executor = new FakeExecutor({ slots, gpus });
    const resolve = (planned: Cell): Resolution => {
      const because = planned.needs.filter((need) => !this.settled.has(need));
      if (because.length) return { status: 'unknown', because, reasons: [] };
      const message = world.broken?.[planned.id];
      if (message !== undefined) throw new FailureError([{ code: 'broken', message }]);
      const key = keyOf(planned.id);
      if (!world.reusable?.includes(planned.id)) return { status: 'run', key, reasons: ['a reason', 'another'] };
      this.settled.add(planned.id);
      return { status: 'reuse', key, entry: { key, path: '', outputs: {}, manifest: () => expect.fail('unread') } };
    };
    this.schedule = new Schedule({
      ...{ cells, keepGoing: false, clock: this.clock, executor: this.executor },
      resolutions: cells.map(resolve),
      resolver: { resolve, settle: (id) => void this.settled.add(id), ...noSearches },
      urgency: new Float64Array(cells.length),
      cohortOf: () => null,
      taskOf: (planned, info) => {
        this.attempts.set(planned.id, [...(this.attempts.get(planned.id) ?? []), info]);
        return taskOf(planned, info);
      },
      emit: (event) => this.events.push(event),
      ...options,
    });
    this.ended = this.schedule.run();
  }

  /** Types of the events of a cell, in order. */
  story(id: CellId): readonly string[] {
    return this.events.filter((event) => 'cell' in event && event.cell === id).map((event) => event.type);
  }

  /** The skipped cells, and what each needs that failed. */
  skipped(): Readonly<Record<CellId, CellId | null>> {
    const skips = this.events.flatMap((event) => (event.type === 'stage-skipped' ? [event] : []));
    return Object.fromEntries(skips.map(({ cell, because }) => [cell, because]));
  }

  async finish(id: CellId): Promise<void> {
    this.executor.of(id).end(finished(keyOf(id)));
    await settle();
  }

  async fail(id: CellId, message?: string): Promise<void> {
    this.executor.of(id).end(failed(message));
    await settle();
  }

  async interruptEnds(id: CellId): Promise<void> {
    this.executor.of(id).end({ status: 'interrupted' });
    await settle();
  }
}

describe('the order of cells', () => {
  it('starts a cell when all that it needs has finished', async () => {
    const stand = new Stand([cell('a'), cell('b'), cell('c', { needs: ['a', 'b'] })]);
    expect(stand.executor.cells).toEqual(['a', 'b']);
    await stand.finish('a');
    expect(stand.executor.cells).toEqual(['b']);
    await stand.finish('b');
    expect(stand.executor.cells).toEqual(['c']);
    await stand.finish('c');
    await expect(stand.ended).resolves.toMatchObject({ status: 'done', ran: 3, reused: 0, failed: 0, skipped: 0 });
  });

  it('fails a cell whose result cannot be looked at in the store, and goes on to the end of the run', async () => {
    const refused = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    const settle = () => {
      throw refused;
    };
    const stand = new Stand([cell('a'), cell('b', { needs: ['a'] })], {
      resolver: { resolve: () => ({ status: 'run', key: keyOf('a'), reasons: [] }), settle, ...noSearches },
    });
    await stand.finish('a');
    expect(await stand.ended).toMatchObject({ status: 'failed', failed: 1, skipped: 1 });
    expect(stand.events).toContainEqual(
      expect.objectContaining({
        type: 'stage-failed',
        cell: 'a',
        failure: { code: 'system-error', message: refused.message },
      }),
    );
  });

  it('starts the most urgent first, and of equals the first of the plan', () => {
    const cells = ['a', 'b', 'c', 'd'].map((id) => cell(id));
    const stand = new Stand(cells, { urgency: Float64Array.of(1, 5, 7, 5), slots: 3 });
    expect(stand.executor.started).toEqual(['c', 'b', 'd']);
  });

  it('reuses what the store has at the start and what turns out equal on the way', async () => {
    const cells = [cell('old'), cell('a'), cell('b', { needs: ['a'] }), cell('c', { needs: ['b'] })];
    const stand = new Stand(cells, {}, { reusable: ['old', 'b', 'c'] });
    await stand.finish('a');
    expect(await stand.ended).toMatchObject({ status: 'done', ran: 1, reused: 3 });
    expect(stand.events.filter((event) => event.type === 'stage-reused').map((event) => event.cell)).toEqual([
      'old',
      'b',
      'c',
    ]);
  });

  it('ends at once when everything is reused', async () => {
    const stand = new Stand([cell('a'), cell('b', { needs: ['a'] })], {}, { reusable: ['a', 'b'] });
    expect(await stand.ended).toMatchObject({ status: 'done', ran: 0, reused: 2 });
    expect(stand.executor.started).toEqual([]);
  });

  it('ends at once when there are no cells', async () => {
    expect(await new Stand([]).ended).toMatchObject({ status: 'done', ran: 0 });
  });

  it('counts a cell as reused that another run made while it waited for the lock', async () => {
    const stand = new Stand([cell('a'), cell('b', { needs: ['a'] })]);
    stand.executor.of('a').tell({ type: 'waiting', holder: 'pid 7' });
    stand.executor.of('a').end(finished(keyOf('a'), { reused: true }));
    await settle();
    expect(stand.story('a')).toEqual(['stage-started', 'stage-waiting', 'stage-reused']);
    expect(stand.executor.cells).toEqual(['b']);
  });

  it('reuses a chain of 20,000 cells without deep recursion', async () => {
    const cells = Array.from({ length: 20_000 }, (_, n) => cell(`${n}`, { needs: n ? [`${n - 1}`] : [] }));
    const stand = new Stand(cells, {}, { reusable: cells.slice(1).map(({ id }) => id) });
    await stand.finish('0');
    expect(await stand.ended).toMatchObject({ ran: 1, reused: 19_999 });
  });
});

describe('a stage whose result is being written', () => {
  it('leaves its slot to another one, but those that need it wait', async () => {
    const stand = new Stand([cell('a', { timeout: 30 }), cell('b'), cell('c', { needs: ['a'] })], { slots: 1 });
    stand.executor.of('a').tell({ type: 'committing' });
    expect(stand.executor.cells).toEqual(['a', 'b']);
    stand.clock.advance(60_000);
    expect(stand.executor.of('a').interrupted).toBe(false);
    await stand.finish('a');
    expect(stand.executor.cells).toEqual(['b']);
    await stand.finish('b');
    expect(stand.executor.cells).toEqual(['c']);
  });
});

describe('what is told', () => {
  it('says why a cell starts, how far it is, what it warns of, and what it measured', async () => {
    const stand = new Stand([cell('a')]);
    const { tell, end } = stand.executor.of('a');
    tell({ type: 'progress', done: 3, total: 10, unit: 'epochs', loss: 0.5 });
    tell({ type: 'warning', message: 'careful' });
    end(finished(keyOf('a'), { seconds: 2.5, metrics: { accuracy: 0.75 } }));
    await stand.ended;
    expect(stand.events).toEqual([
      { type: 'stage-started', cell: 'a', key: keyOf('a'), attempt: 1, reason: 'a reason; another' },
      { type: 'stage-progress', cell: 'a', progress: { done: 3, total: 10, unit: 'epochs', loss: 0.5 } },
      { type: 'stage-warned', cell: 'a', message: 'careful' },
      { type: 'stage-finished', cell: 'a', key: keyOf('a'), seconds: 2.5, metrics: { accuracy: 0.75 } },
    ]);
  });
});

describe('resources', () => {
  it('gives wide cells their slots and holds smaller ones back meanwhile', async () => {
    const cells = [cell('a'), cell('wide', { resources: { cpu: 2 } }), cell('b')];
    const stand = new Stand(cells, { urgency: Float64Array.of(3, 2, 1) });
    expect(stand.executor.cells).toEqual(['a']);
    await stand.finish('a');
    expect(stand.executor.cells).toEqual(['wide']);
    await stand.finish('wide');
    expect(stand.executor.cells).toEqual(['b']);
  });

  it('gives a cell that asks for more slots than there are all of them', () => {
    expect(new Stand([cell('a', { resources: { cpu: 64 } })]).executor.cells).toEqual(['a']);
  });

  it('starts no more cells with a GPU than there are, and lets cells without one pass those that wait', async () => {
    const gpu = { resources: { gpu: 1 } };
    const cells = [cell('a', gpu), cell('b', gpu), cell('c', gpu), cell('plain')];
    const stand = new Stand(cells, { slots: 4, gpus: 2, urgency: Float64Array.of(4, 3, 2, 1) });
    expect(stand.executor.cells).toEqual(['a', 'b', 'plain']);
    await stand.finish('b');
    expect(stand.executor.cells).toEqual(['a', 'plain', 'c']);
    expect(stand.executor.of('c').task.resources).toEqual({ cpu: 1, gpu: 1, memory: 0 });
  });

  it('does not let single-GPU cells starve one that wants two', async () => {
    const cells = [
      cell('a', { resources: { gpu: 1 } }),
      cell('two', { resources: { gpu: 2 } }),
      cell('b', { resources: { gpu: 1 } }),
    ];
    const stand = new Stand(cells, { slots: 4, gpus: 2, urgency: Float64Array.of(3, 2, 1) });
    expect(stand.executor.cells).toEqual(['a']);
    await stand.finish('a');
    expect(stand.executor.cells).toEqual(['two']);
  });

  it('tells the executor how many more are ready', async () => {
    const stand = new Stand([cell('a'), cell('b'), cell('c', { needs: ['a'] })], { slots: 8 });
    await stand.finish('a');
    await stand.finish('b');
    expect(stand.executor.waiting).toEqual([1, 0, 0]);
  });

  it('starts all that is ready where the executor has a queue of its own', () => {
    const cells = Array.from({ length: 50 }, (_, at) => cell(`c${at}`, { resources: { cpu: 8, gpu: 4 } }));
    expect(new Stand(cells, { slots: Infinity, gpus: Infinity }).executor.held).toHaveLength(50);
  });
});

describe('a failure', () => {
  const cells = [
    cell('bad'),
    cell('good'),
    cell('child', { needs: ['bad'] }),
    cell('grandchild', { needs: ['child', 'good'] }),
    cell('other', { needs: ['good'] }),
  ];

  it('stops everything that has not started, and lets what runs end', async () => {
    const stand = new Stand(cells);
    await stand.fail('bad');
    expect(stand.executor.cells).toEqual(['good']);
    await stand.finish('good');
    expect(await stand.ended).toMatchObject({ status: 'failed', ran: 1, failed: 1, skipped: 3 });
    expect(stand.skipped()).toEqual({ child: 'bad', grandchild: 'bad', other: null });
    expect(stand.events).toContainEqual({
      ...{ type: 'stage-failed', cell: 'bad', key: keyOf('bad'), tail: ['last words'] },
      failure: { code: 'no-luck', message: 'no luck' },
    });
  });

  it('of one cell of a sweep is no other cell’s: they are skipped since the run stops', async () => {
    const sweep = [1, 2, 3].map((value) => cell(`s[v=${value}]`));
    const stand = new Stand([...sweep, cell('table', { needs: sweep.map(({ id }) => id) })], { slots: 1 });
    await stand.fail('s[v=1]');
    await stand.ended;
    expect(stand.skipped()).toEqual({ 's[v=2]': null, 's[v=3]': null, table: 's[v=1]' });
  });

  it('skips what needs a cell whose last attempt is called off for that reason', async () => {
    const cells = [cell('bad'), cell('again', { retry: 2 }), cell('child', { needs: ['again'] })];
    const stand = new Stand(cells);
    await stand.fail('again');
    await stand.fail('bad');
    await stand.ended;
    expect(stand.skipped()).toEqual({ child: 'again' });
  });

  it('with --keep-going skips its cone alone', async () => {
    const stand = new Stand(cells, { keepGoing: true });
    await stand.fail('bad');
    await stand.finish('good');
    await stand.finish('other');
    const outcome = await stand.ended;
    expect(outcome).toMatchObject({ status: 'failed', ran: 2, failed: 1, skipped: 2 });
    expect(outcome.states).toEqual(['failed', 'finished', 'skipped', 'skipped', 'finished']);
  });

  it('of a cell that cannot be resolved counts like one of its run', async () => {
    const stand = new Stand([cell('a'), cell('b', { needs: ['a'] })], {}, { broken: { b: 'a has no output x' } });
    await stand.finish('a');
    expect(await stand.ended).toMatchObject({ status: 'failed', ran: 1, failed: 1 });
    expect(stand.events.at(-1)).toMatchObject({ type: 'stage-failed', cell: 'b', key: null });
  });

  it('is what a tainted result amounts to: nobody reads it', async () => {
    const stand = new Stand([cell('a', { retry: 3 }), cell('b', { needs: ['a'] })]);
    stand.executor.of('a').end({ status: 'tainted', key: keyOf('a'), changed: ['inputs.words'] });
    expect(await stand.ended).toMatchObject({
      status: 'failed',
      failed: 1,
      skipped: 1,
      states: ['tainted', 'skipped'],
    });
  });

  it('that is a bug ends the run with the bug', async () => {
    const stand = new Stand([cell('a')]);
    stand.executor.of('a').end(finished(keyOf('a')));
    Object.defineProperty(stand.settled, 'add', {
      value: () => {
        throw new TypeError('a bug');
      },
    });
    await expect(stand.ended).rejects.toThrow('a bug');
  });
});

describe('retry', () => {
  it('waits 1, 2, 4 seconds between attempts and gives up after the last', async () => {
    const stand = new Stand([cell('a', { retry: 3 })]);
    const delays: (number | undefined)[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      await stand.fail('a');
      delays.push(stand.clock.next());
      stand.clock.advance((stand.clock.next() ?? 0) - 1);
      expect(stand.executor.cells).toEqual([]);
      stand.clock.advance(1);
      expect(stand.executor.cells).toEqual(['a']);
    }
    expect(delays).toEqual([1000, 2000, 4000]);
    await stand.fail('a', 'for good');
    expect(await stand.ended).toMatchObject({ status: 'failed', failed: 1 });
    expect(stand.attempts.get('a')?.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(stand.story('a').filter((type) => type === 'stage-retrying')).toHaveLength(3);
  });

  it('leaves the slot to others while it waits', async () => {
    const stand = new Stand([cell('a', { retry: 1 }), cell('b')], { slots: 1 });
    await stand.fail('a');
    expect(stand.executor.cells).toEqual(['b']);
    stand.clock.advance(1000);
    expect(stand.executor.cells).toEqual(['b']);
    await stand.finish('b');
    expect(stand.executor.cells).toEqual(['a']);
    await stand.finish('a');
    expect(await stand.ended).toMatchObject({ status: 'done', ran: 2 });
  });

  it('is called off when another cell fails', async () => {
    const stand = new Stand([cell('a', { retry: 1 }), cell('b')]);
    await stand.fail('a', 'first');
    await stand.fail('b', 'second');
    expect(await stand.ended).toMatchObject({ failed: 2, states: ['failed', 'failed'] });
    expect(stand.clock.next()).toBeUndefined();
    expect(stand.events.at(-1)).toMatchObject({ type: 'stage-failed', cell: 'a', failure: { message: 'first' } });
  });

  it('is called off also when its time came but no slot was free', async () => {
    const stand = new Stand([cell('a', { retry: 1 }), cell('b')], { slots: 1 });
    await stand.fail('a');
    stand.clock.advance(1000);
    await stand.fail('b');
    expect(await stand.ended).toMatchObject({ failed: 2, states: ['failed', 'failed'] });
  });
});

describe('a time limit', () => {
  it('asks the stage to stop, kills it after a grace, and is a failure', async () => {
    const stand = new Stand([cell('a', { timeout: 30 })]);
    stand.clock.advance(29_999);
    expect(stand.executor.of('a').interrupted).toBe(false);
    stand.clock.advance(1);
    expect(stand.executor.of('a')).toMatchObject({ interrupted: true, killed: false });
    stand.clock.advance(15_000);
    expect(stand.executor.of('a').killed).toBe(true);
    await stand.interruptEnds('a');
    await stand.ended;
    expect(stand.events.at(-1)).toMatchObject({ type: 'stage-failed', failure: { code: 'timed-out' } });
  });

  it('counts a result that came all the same', async () => {
    const stand = new Stand([cell('a', { timeout: 30 })]);
    stand.clock.advance(30_000);
    await stand.finish('a');
    expect(await stand.ended).toMatchObject({ status: 'done', ran: 1 });
    expect(stand.clock.next()).toBeUndefined();
  });

  it('is retried, and then starts anew', async () => {
    const stand = new Stand([cell('a', { timeout: 30, retry: 1 })]);
    stand.clock.advance(30_000);
    await stand.interruptEnds('a');
    stand.clock.advance(1000);
    stand.clock.advance(29_000);
    expect(stand.executor.of('a').interrupted).toBe(false);
    await stand.finish('a');
    expect(await stand.ended).toMatchObject({ status: 'done' });
  });

  it('does not count the time for which another run holds the lock', async () => {
    const stand = new Stand([cell('a', { timeout: 30 })]);
    const { tell } = stand.executor.of('a');
    tell({ type: 'waiting', holder: 'pid 7' });
    stand.clock.advance(1e6);
    tell({ type: 'acquired' });
    stand.clock.advance(29_999);
    expect(stand.executor.of('a').interrupted).toBe(false);
    stand.clock.advance(1);
    expect(stand.executor.of('a').interrupted).toBe(true);
    await stand.interruptEnds('a');
  });
});

describe('an interruption', () => {
  it('starts nothing new, asks running stages to stop, and waits for them', async () => {
    const stand = new Stand([cell('a'), cell('b'), cell('c'), cell('d', { needs: ['a'] })]);
    stand.schedule.interrupt();
    expect(stand.executor.held.map(({ interrupted }) => interrupted)).toEqual([true, true]);
    await stand.finish('a');
    await stand.interruptEnds('b');
    expect(stand.executor.started).toEqual(['a', 'b']);
    expect(await stand.ended).toMatchObject({
      ...{ status: 'interrupted', ran: 1, failed: 0, skipped: 0 },
      states: ['finished', 'interrupted', 'ready', 'waiting'],
    });
  });

  it('ends a cell that waits for its next attempt', async () => {
    const stand = new Stand([cell('a', { retry: 1 })]);
    await stand.fail('a');
    stand.schedule.interrupt();
    expect(await stand.ended).toMatchObject({ status: 'interrupted', states: ['interrupted'] });
    expect(stand.clock.next()).toBeUndefined();
  });

  it('kills what runs when asked a second time', async () => {
    const stand = new Stand([cell('a')]);
    stand.schedule.interrupt();
    expect(stand.executor.of('a').killed).toBe(false);
    stand.schedule.kill();
    expect(stand.executor.of('a').killed).toBe(true);
    await stand.interruptEnds('a');
    expect(await stand.ended).toMatchObject({ status: 'interrupted' });
  });

  it('by somebody else is a failure of the stage', async () => {
    const stand = new Stand([cell('a')]);
    await stand.interruptEnds('a');
    expect(await stand.ended).toMatchObject({ status: 'failed' });
    expect(stand.events.at(-1)).toMatchObject({ type: 'stage-failed', failure: { code: 'stopped' } });
  });
});

describe('cells that run as a cohort', () => {
  const cohortOf = (planned: Cell) => (planned.id === 'lone' ? null : 'same');
  const cells = ['a', 'b', 'c', 'lone'].map((id) => cell(id));

  it('start together on one slot, know of each other, and leave the other slots to others', () => {
    const stand = new Stand(cells, { cohortOf, slots: 2 });
    expect(stand.executor.cells).toEqual(['a', 'b', 'c', 'lone']);
    expect(stand.attempts.get('b')).toEqual([{ attempt: 1, cohort: ['a', 'b', 'c'] }]);
    expect(stand.attempts.get('lone')).toEqual([{ attempt: 1, cohort: [] }]);
  });

  it('hold their slot until the last of them ends or writes its result', async () => {
    const stand = new Stand(cells, { cohortOf, slots: 1 });
    await stand.finish('b');
    stand.executor.of('a').tell({ type: 'committing' });
    expect(stand.executor.cells).toEqual(['a', 'c']);
    stand.executor.of('c').tell({ type: 'committing' });
    expect(stand.executor.cells).toEqual(['a', 'c', 'lone']);
    for (const id of ['a', 'c', 'lone']) await stand.finish(id);
    expect(await stand.ended).toMatchObject({ status: 'done', ran: 4 });
  });

  it('leave the others going when one fails, and it tries again with whom it finds', async () => {
    const planned = ['a', 'b'].map((id) => cell(id, { retry: 1 }));
    const stand = new Stand(planned, { cohortOf, slots: 1 });
    await stand.fail('a');
    stand.clock.advance(60_000);
    await settle();
    expect(stand.executor.cells).toEqual(['b']);
    await stand.finish('b');
    expect(stand.executor.cells).toEqual(['a']);
    expect(stand.attempts.get('a')?.[1]).toMatchObject({ attempt: 2, cohort: [] });
    await stand.finish('a');
    expect(await stand.ended).toMatchObject({ status: 'done', ran: 2 });
  });
});
