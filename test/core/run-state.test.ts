import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { initialRun, runState, countEnded } from '../../src/core/run-state.ts';
import { ended, event, failed, finished, progress, reused, run, start, started, stateAfter } from '../ui/events.ts';

describe('the state of a run', () => {
  it('begins with its plan', () => {
    expect(stateAfter(run(30, 4))).toEqual({
      ...initialRun,
      run: 'r1',
      pipeline: 'cub',
      file: 'cub.yaml',
      total: 30,
      slots: 4,
      startedAt: start,
    });
  });

  it('forgets an earlier run', () => {
    expect(stateAfter(run(3), finished('a'), failed('b'), ended(), run(30, 4))).toMatchObject({
      total: 30,
      failures: [],
      counts: { finished: 0 },
    });
  });

  it('knows the running cells, in the order in which they started', () => {
    const state = stateAfter(run(5), started('b'), started('a'), progress('b', { loss: 0.5 }));
    expect(state.running).toEqual([
      { cell: 'b', since: start + 1000, attempt: 1, progress: { done: 6, total: 10, unit: 'epochs', loss: 0.5 } },
      { cell: 'a', since: start + 2000, attempt: 1 },
    ]);
  });

  it.each<[string, EventBody, string]>([
    ['finished', finished('a'), 'finished'],
    ['reused', reused('a'), 'reused'],
    ['failed', failed('a'), 'failed'],
    ['tainted', { type: 'stage-tainted', cell: 'a', key: 'k', changed: ['in.csv'] }, 'tainted'],
    ['skipped', { type: 'stage-skipped', cell: 'a', because: 'b' }, 'skipped'],
    ['interrupted', { type: 'stage-interrupted', cell: 'a' }, 'interrupted'],
  ])('takes a cell that %s off its slot, and counts it', (_what, body, count) => {
    const state = stateAfter(run(5), started('a'), started('b'), body);
    expect(state.running.map(({ cell }) => cell)).toEqual(['b']);
    expect(state.counts).toEqual({ ...initialRun.counts, [count]: 1 });
    expect(countEnded(state)).toBe(1);
  });

  it('keeps failures with the end of their logs', () => {
    expect(stateAfter(run(5), failed('a'), failed('b', 'boom')).failures).toEqual([
      {
        cell: 'a',
        failure: { code: 'command-failed', message: 'the command exited with code 7' },
        tail: ['epoch 1', 'sadly'],
      },
      { cell: 'b', failure: { code: 'command-failed', message: 'boom' }, tail: ['epoch 1', 'sadly'] },
    ]);
  });

  it('knows who waits for another run, until it goes on', () => {
    const waiting: EventBody = { type: 'stage-waiting', cell: 'a', key: 'k', holder: 'pid 12 on host' };
    expect(stateAfter(run(5), started('a'), waiting).running[0]).toEqual({
      cell: 'a',
      since: start + 1000,
      attempt: 1,
      holder: 'pid 12 on host',
    });
    expect(stateAfter(run(5), waiting).running[0]).toMatchObject({ cell: 'a', since: start + 1000 });
    expect(stateAfter(run(5), started('a'), waiting, progress('a')).running[0]?.holder).toBeUndefined();
    expect(stateAfter(run(5), waiting, reused('a')).running).toEqual([]);
  });

  it('knows when a cell is tried again, until it is', () => {
    const retrying: EventBody = {
      type: 'stage-retrying',
      cell: 'a',
      attempt: 2,
      delay: 4,
      failure: { code: 'x', message: 'y' },
    };
    expect(stateAfter(run(5), started('a'), progress('a'), retrying).running).toEqual([
      { cell: 'a', since: start + 1000, attempt: 2, retryAt: start + 3000 + 4000 },
    ]);
    expect(stateAfter(run(5), started('a'), retrying, started('a', 2)).running).toEqual([
      { cell: 'a', since: start + 3000, attempt: 2 },
    ]);
  });

  it('ends', () => {
    const state = stateAfter(run(5), started('a'), ended('interrupted', 12));
    expect(state.ended).toEqual({ status: 'interrupted', seconds: 12 });
    expect(state.running).toEqual([]);
  });

  it('is not changed by warnings', () => {
    const state = stateAfter(run(5), started('a'));
    expect(runState(state, event(9, { type: 'stage-warned', cell: 'a', message: 'x' }))).toBe(state);
  });

  it('never changes an earlier state', () => {
    const before = stateAfter(run(5), started('a'));
    const copy = structuredClone(before);
    for (const body of [progress('a'), finished('a'), failed('a'), started('b'), ended()])
      runState(before, event(9, body));
    expect(before).toEqual(copy);
  });

  it('settles each cell of any run exactly once', () => {
    const ends = fc.constantFrom(finished, failed, reused);
    const plan = fc.array(ends, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(plan, fc.infiniteStream(fc.boolean()), (cells, coins) => {
        let state = runState(initialRun, event(0, run(cells.length)));
        const open: { name: string; end: (cell: string) => EventBody }[] = [];
        cells.forEach((end, at) => {
          const name = `c${at}`;
          if (end !== reused) state = runState(state, event(at, started(name)));
          open.push({ name, end });
          while (open.length > 0 && coins.next().value) {
            const next = open.shift();
            if (next) state = runState(state, event(at, next.end(next.name)));
          }
          expect(countEnded(state) + open.length).toBe(at + 1);
        });
        for (const next of open) state = runState(state, event(99, next.end(next.name)));
        expect(countEnded(state)).toBe(cells.length);
        expect(state.running).toEqual([]);
      }),
    );
  });
});
