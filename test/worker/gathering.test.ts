import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gathering, Gatherings } from '../../src/worker/gathering.ts';

const NEVER = new AbortController().signal;
/** Lets everything happen that waits for promises alone. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Seats of cells that have all begun, and what happens at them. */
function seats(...cells: readonly string[]) {
  const gathering = new Gathering(cells);
  const story: string[] = [];
  const seat = (cell: string, signal = NEVER) => {
    const own = gathering.seat(cell, signal);
    return {
      ...own,
      reach: async (place: number) => {
        await own.reach(place);
        story.push(`${cell}${place}`);
      },
    };
  };
  return { gathering, story, seat };
}

describe('members of a cohort', () => {
  it('go on together once all have come', async () => {
    const { story, seat } = seats('a', 'b');
    void seat('a').reach(0);
    await settle();
    expect(story).toEqual([]);
    void seat('b').reach(0);
    await settle();
    expect(story).toEqual(['a0', 'b0']);
  });

  it('let those behind catch up', async () => {
    const { story, seat } = seats('a', 'b', 'c');
    void seat('a').reach(2);
    void seat('b').reach(1);
    void seat('c').reach(2);
    await settle();
    expect(story).toEqual(['b1']);
    void seat('b').reach(2);
    await settle();
    expect(story[0]).toBe('b1');
    expect(story.slice(1).sort()).toEqual(['a2', 'b2', 'c2']);
  });

  it('wait for nobody who has left, is away or aside', async () => {
    const { story, seat } = seats('a', 'b', 'c', 'd');
    await seat('b').leave();
    seat('c').away();
    const aside = seat('d').stepAside();
    void seat('a').reach(0);
    await settle();
    expect(story).toEqual(['a0']);
    seat('c').back();
    void seat('a').reach(1);
    await settle();
    expect(story).toEqual(['a0']);
    await seat('c').leave();
    await settle();
    expect(story).toEqual(['a0', 'a1']);
    await seat('a').leave();
    expect(await aside).toBe(true);
  });

  it('need not step aside where nobody else is there', async () => {
    const { seat } = seats('a', 'b');
    await seat('b').leave();
    expect(await seat('a').stepAside()).toBe(false);
  });

  it('wait for nobody once they are to stop', async () => {
    const { seat } = seats('a', 'b', 'c');
    const stop = new AbortController();
    const waits = [seat('a', stop.signal).reach(5), seat('b', stop.signal).stepAside()];
    stop.abort();
    await Promise.all(waits);
    await seat('a', stop.signal).reach(6);
  });

  it('all come to their ends in order of places, whatever their starts and ends are', async () => {
    const run = fc.record({ from: fc.nat(6), to: fc.nat(9), pauses: fc.array(fc.nat(2), { minLength: 1 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 5 }), async (runs) => {
        const { story, seat } = seats(...runs.map((_, at) => 'abcde'.charAt(at)));
        const members = runs.map(async ({ from, to, pauses }, at) => {
          const own = seat('abcde'.charAt(at));
          for (let place = from; place < to; place++) {
            await own.reach(place);
            for (let i = 0; i < (pauses[place % pauses.length] ?? 0); i++) await settle();
          }
          await own.leave();
        });
        await Promise.all(members);
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
    const { seat } = seats('a', 'b', 'c');
    let made = 0;
    const disposed: number[] = [];
    const make = () => {
      const value = ++made;
      return { value, dispose: () => void disposed.push(value) };
    };
    expect([seat('a').share('teacher', make), seat('b').share('teacher', make)]).toEqual([1, 1]);
    expect(seat('a').share('data', make)).toBe(2);
    await seat('a').leave();
    await seat('a').leave();
    expect(disposed).toEqual([2]);
    await seat('b').leave();
    expect(disposed).toEqual([2, 1]);
    expect(seat('c').share('teacher', make)).toBe(3);
  });

  it('is given back before the others go on', async () => {
    const { seat } = seats('a', 'b');
    const order: string[] = [];
    const dispose = async () => {
      await settle();
      order.push('disposed');
    };
    seat('a').share('teacher', () => ({ value: 1, dispose }));
    const aside = seat('b')
      .stepAside()
      .then(() => order.push('went on'));
    await seat('a').leave();
    await aside;
    expect(order).toEqual(['disposed', 'went on']);
  });
});

describe('the gatherings of a process', () => {
  it('bring tasks of one cohort together, and leave others alone', () => {
    const gatherings = new Gatherings();
    const task = (cell: string, cohort: readonly string[]) => gatherings.seat({ cell, cohort }, NEVER);
    const shared = (seat: ReturnType<typeof task>) => seat.share('x', () => ({ value: {}, dispose: () => undefined }));
    const one = shared(task('a', ['a', 'b']));
    expect(shared(task('b', ['a', 'b']))).toBe(one);
    expect(shared(task('a', ['a', 'c']))).not.toBe(one);
    expect(shared(task('a', []))).not.toBe(one);
  });

  it('forget a cohort whose members have all left', async () => {
    const gatherings = new Gatherings();
    const cohort = ['a', 'b'];
    const both = () => cohort.map((cell) => gatherings.seat({ cell, cohort }, NEVER));
    for (const seat of both()) await seat.leave();
    for (const seat of both()) void seat.reach(0);
    await settle();
    await Promise.all(both().map((seat) => seat.reach(1)));
  });

  it('refuse a cell that is no member', () => {
    expect(() => new Gathering(['a']).seat('b', NEVER)).toThrow(RangeError);
  });
});
