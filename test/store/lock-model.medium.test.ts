import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Killed, World, type Fate } from './lock-world.ts';
import { never } from './stored.ts';

const fates = fc.record<Fate>({
  steps: fc.nat(40),
  end: fc.constantFrom('lives', 'killed'),
  elsewhere: fc.boolean(),
});
/** What lies there when the processes start: nothing, locks of nobody, and of a process that died long ago. */
const remains = fc.constantFrom(
  undefined,
  '',
  'nobody',
  `1000 1 ${'a'.repeat(10)} ffffffff host`,
  `1000 1 ${'e'.repeat(10)} ffffffff host`,
);
const turns = 3;

describe('locks, with processes that take turns and die between any two steps on the disk', () => {
  it('let one in at a time, let everybody in who lives, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fates, { minLength: 2, maxLength: 4 }),
        remains,
        async (scheduler, processes, remain) => {
          const world = new World(scheduler);
          if (remain !== undefined) world.plant('/locks/key', remain);
          let inside: number | undefined;
          const done: number[] = [];
          const work = async (fate: Fate, pid: number): Promise<void> => {
            const { locks } = world.start(pid, fate);
            for (let turn = 0; turn < turns; turn++) {
              const lock = await locks.lock('key', never, () => undefined);
              expect(inside, 'who else is inside').toBeUndefined();
              inside = pid;
              try {
                expect(await lock.isHeld()).toBe(true);
              } finally {
                // The killed one is out of it, too.
                inside = undefined;
              }
              await lock.release();
            }
            done.push(pid);
          };
          const running = processes.map((fate, at) =>
            work(fate, at + 1).catch((error: unknown) => {
              if (!(error instanceof Killed)) throw error;
            }),
          );
          await scheduler.waitFor(Promise.all(running));
          for (const [at, { end }] of processes.entries()) if (end === 'lives') expect(done).toContain(at + 1);
          if (processes.every(({ end }) => end === 'lives')) expect(world.locks).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('let nobody publish over what was begun later, when one is stopped for long anywhere and then goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(40), fc.integer({ min: 2, max: 3 }), async (scheduler, steps, count) => {
        const world = new World(scheduler);
        /** Drafts that can still be published, by the process that made them. */
        const drafts = new Map<number, number>();
        const published: number[] = [];
        let token = 0;
        const make = async (pid: number, fate: Fate): Promise<void> => {
          const { locks, step } = world.start(pid, fate);
          // Whose draft was fenced off takes what was published later, or makes it once more.
          for (let mine = Infinity; !published.some((draft) => draft >= mine);) {
            const lock = await locks.lock('key', never, () => undefined);
            await step('begins', () => drafts.set(pid, (mine = ++token)));
            await step('fences', () => {
              for (const other of drafts.keys()) if (other !== pid) drafts.delete(other);
            });
            await step('publishes', () => {
              if (drafts.delete(pid)) published.push(mine);
            });
            await lock.release();
          }
        };
        const others = Array.from({ length: count }, (_, at) =>
          make(at + 2, { steps: 0, end: 'lives', elsewhere: true }),
        );
        const stopped = make(1, { steps, end: 'stopped', elsewhere: true, wakes: Promise.race(others) });
        await scheduler.waitFor(Promise.all([stopped, ...others]));
        // One that sleeps between its last look at its lock and the lock's end lets two in: then one is fenced off.
        expect(published.length).toBeGreaterThanOrEqual(count - 1);
        expect(published).toEqual(published.toSorted((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});
