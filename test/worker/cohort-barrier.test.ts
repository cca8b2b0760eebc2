import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CohortBarrier, CohortBarriers } from '../../src/worker/cohort-barrier.ts';

const NEVER = new AbortController().signal;
/** Lets everything happen that waits for promises alone. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Seats of cells that have all begun, and what happens at them. */
function members(...cells: readonly string[]) {
  const barrier = new CohortBarrier(cells);
  const story: string[] = [];
  const member = (cell: string, signal = NEVER) => {
    const own = barrier.member(cell, signal);
    return {
      ...own,
      reach: async (place: number) => {
        await own.reach(place);
        story.push(`${cell}${place}`);
      },
    };
  };
  return { barrier, story, member };
}

describe('members of a cohort', () => {
  it('go on together once all have come', async () => {
    const { story, member } = members('a', 'b');
    void member('a').reach(0);
    await settle();
    expect(story).toEqual([]);
    void member('b').reach(0);
    await settle();
    expect(story).toEqual(['a0', 'b0']);
  });

  it('let those behind catch up', async () => {
    const { story, member } = members('a', 'b', 'c');
    void member('a').reach(2);
    void member('b').reach(1);
    void member('c').reach(2);
    await settle();
    expect(story).toEqual(['b1']);
    void member('b').reach(2);
    await settle();
    expect(story[0]).toBe('b1');
    expect(story.slice(1).sort()).toEqual(['a2', 'b2', 'c2']);
  });

  it('wait for nobody who has left, is away or aside', async () => {
    const { story, member } = members('a', 'b', 'c', 'd');
    await member('b').leave();
    member('c').away();
    const aside = member('d').stepAside();
    void member('a').reach(0);
    await settle();
    expect(story).toEqual(['a0']);
    member('c').back();
    void member('a').reach(1);
    await settle();
    expect(story).toEqual(['a0']);
    await member('c').leave();
    await settle();
    expect(story).toEqual(['a0', 'a1']);
    await member('a').leave();
    expect(await aside).toBe(true);
  });

  it('need not step aside where nobody else is there', async () => {
    const { member } = members('a', 'b');
    await member('b').leave();
    expect(await member('a').stepAside()).toBe(false);
  });

  it('wait for nobody once they are to stop', async () => {
    const { member } = members('a', 'b', 'c');
    const stop = new AbortController();
    const waits = [member('a', stop.signal).reach(5), member('b', stop.signal).stepAside()];
    stop.abort();
    await Promise.all(waits);
    await member('a', stop.signal).reach(6);
  });

  it('all come to their ends in order of places, whatever their starts and ends are', async () => {
    const run = fc.record({ from: fc.nat(6), to: fc.nat(9), pauses: fc.array(fc.nat(2), { minLength: 1 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 5 }), async (runs) => {
        const { story, member } = members(...runs.map((_, at) => 'abcde'.charAt(at)));
        const walks = runs.map(async ({ from, to, pauses }, at) => {
          const own = member('abcde'.charAt(at));
          for (let place = from; place < to; place++) {
            await own.reach(place);
            for (let i = 0; i < (pauses[place % pauses.length] ?? 0); i++) await settle();
          }
          await own.leave();
        });
        await Promise.all(walks);
        const places = story.map((entry) => Number(entry.slice(1)));
        expect(places).toEqual(places.toSorted((one, other) => one - other));
        expect(story.length).toBe(runs.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0));
      }),
      { numRuns: 50 },
    );
  });
});

describe('what a cohort shares', () => {
  it('is made once, and given back when the last who asked for it has left', async () => {
    const { member } = members('a', 'b', 'c');
    let made = 0;
    const disposed: number[] = [];
    const make = () => {
      const value = ++made;
      return { value, dispose: () => void disposed.push(value) };
    };
    expect([member('a').share('teacher', make), member('b').share('teacher', make)]).toEqual([1, 1]);
    expect(member('a').share('data', make)).toBe(2);
    await member('a').leave();
    await member('a').leave();
    expect(disposed).toEqual([2]);
    await member('b').leave();
    expect(disposed).toEqual([2, 1]);
    expect(member('c').share('teacher', make)).toBe(3);
  });

  it('is given back before the others go on', async () => {
    const { member } = members('a', 'b');
    const order: string[] = [];
    const dispose = async () => {
      await settle();
      order.push('disposed');
    };
    member('a').share('teacher', () => ({ value: 1, dispose }));
    const aside = member('b')
      .stepAside()
      .then(() => order.push('went on'));
    await member('a').leave();
    await aside;
    expect(order).toEqual(['disposed', 'went on']);
  });
});

describe('the barriers of a process', () => {
  it('bring tasks of one cohort together, and leave others alone', () => {
    const barriers = new CohortBarriers();
    const task = (cell: string, cohort: readonly string[]) => barriers.member({ cell, cohort }, NEVER);
    const shared = (member: ReturnType<typeof task>) =>
      member.share('x', () => ({ value: {}, dispose: () => undefined }));
    const one = shared(task('a', ['a', 'b']));
    expect(shared(task('b', ['a', 'b']))).toBe(one);
    expect(shared(task('a', ['a', 'c']))).not.toBe(one);
    expect(shared(task('a', []))).not.toBe(one);
  });

  it('forget a cohort whose members have all left', async () => {
    const barriers = new CohortBarriers();
    const cohort = ['a', 'b'];
    const both = () => cohort.map((cell) => barriers.member({ cell, cohort }, NEVER));
    for (const member of both()) await member.leave();
    for (const member of both()) void member.reach(0);
    await settle();
    await Promise.all(both().map((member) => member.reach(1)));
  });

  it('refuse a cell that is no member', () => {
    expect(() => new CohortBarrier(['a']).member('b', NEVER)).toThrow(RangeError);
  });
});
