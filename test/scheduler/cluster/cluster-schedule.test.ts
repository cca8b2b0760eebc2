import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CellId } from '../../../src/core/plan.ts';
import { callOffFile, readSubmitted } from '../../../src/record/arrays.ts';
import { cell, keyOf } from '../fakes.ts';
import { QueueWorld, tell, type TaskCourse } from './queue-world.ts';

const memory = (mebibytes: number) => ({ resources: { memory: mebibytes } });
/** Two teachers with a student each, and a score of both students. */
const study = (overrides = {}) => [
  ...[0, 1].map((at) => cell(`t[${at}]`, overrides)),
  ...[0, 1].map((at) => cell(`s[${at}]`, { needs: [`t[${at}]`] })),
  cell('score', { needs: ['s[0]', 's[1]'] }),
];

let world: QueueWorld;
afterEach(() => world.remove());

/** The cell ends so the first times, and then with a result. */
const loses = (id: CellId, ...ends: readonly TaskCourse[]) => {
  world.course = ({ cells, before }) => (cells.includes(id) ? (ends[before] ?? 'done') : 'done');
};
const failureOf = (id: CellId) =>
  world.events.flatMap((event) => (event.type === 'stage-failed' && event.cell === id ? [event.failure] : []))[0];

describe('a run on a cluster', () => {
  it('is followed to its end', async () => {
    world = new QueueWorld(study());
    expect(await world.follow()).toMatchObject({ status: 'done', ran: 5, failed: 0 });
    expect(world.submissions).toEqual(['t 0,1', 's 0,1 aftercorr t', 'score 0 afterok s']);
  });

  it('tells a failure that a task has told, and ends what waits', async () => {
    world = new QueueWorld(study());
    loses('t[0]', { failure: 'command-failed' });
    expect(await world.follow()).toMatchObject({ status: 'failed', failed: 1 });
    expect(failureOf('t[0]')).toEqual({ code: 'command-failed', message: 'it failed' });
    expect(world.told).toContain('stage-skipped score');
    expect(world.cancelled).toEqual(['waiting']);
    expect(world.jobs).toHaveLength(3);
  });
});

describe('what waits in the queue', () => {
  it('is told where it is not its turn that it waits for: once', async () => {
    world = new QueueWorld([cell('a')]);
    const obstacle = { message: 'it is held (JobHeldUser)', fix: 'scontrol release 1' };
    world.onLook = (look) => {
      world.held = look < 3 ? { state: 'queued', word: 'PENDING', reason: 'JobHeldUser', obstacle } : undefined;
    };
    expect(await world.follow()).toMatchObject({ status: 'done', ran: 1 });
    expect(world.events.filter(({ type }) => type === 'stage-warned')).toEqual([
      expect.objectContaining({
        cell: 'a',
        message: 'job 1, with 1 task that wait: it is held (JobHeldUser): scontrol release 1',
      }),
    ]);
  });

  it('is cancelled in the end where workers have done it', async () => {
    world = new QueueWorld(study());
    world.byWorker = true;
    expect(await world.follow()).toMatchObject({ status: 'done', ran: 5 });
    expect(world.cancelled).toEqual(['waiting']);
  });
});

describe('a node whose clock is ahead', () => {
  it('is told, once', async () => {
    world = new QueueWorld(study());
    world.endsAt = 90_000;
    expect(await world.follow()).toMatchObject({ status: 'done' });
    expect(world.events.filter(({ type }) => type === 'stage-warned')).toEqual([
      expect.objectContaining({ message: expect.stringContaining('node is at least 90 s ahead') }),
    ]);
  });
});

describe('what a cluster loses', () => {
  it.each(['NODE_FAIL', 'BOOT_FAIL', 'PREEMPTED'])(
    'is submitted again after %s, with all that waited for it',
    async (lost) => {
      world = new QueueWorld(study());
      loses('t[1]', { lost });
      expect(await world.follow()).toMatchObject({ status: 'done', ran: 5 });
      expect(world.submissions.slice(3)).toEqual(['t.r2 0', 's.r2 0 aftercorr t.r2', 'score.r2 0 aftercorr s.r2']);
      expect(world.told.filter((line) => line.startsWith('stage-retrying'))).toEqual(['stage-retrying t[1]']);
      expect(readSubmitted(world.folder)?.arrays.map(({ again }) => again)).toEqual([
        ...[undefined, undefined, undefined, 'node', 'need', 'need'],
      ]);
    },
  );

  it('is submitted again where the queue knows nothing of it any more', async () => {
    world = new QueueWorld(study());
    loses('t[1]', { lost: '' });
    expect(await world.follow()).toMatchObject({ status: 'done', ran: 5 });
    expect(world.submissions.slice(3)).toEqual(['t.r2 0', 's.r2 0 aftercorr t.r2', 'score.r3 0']);
  });

  it('is submitted again where what needed it did not wait for its result', async () => {
    world = new QueueWorld(study(), { keepGoing: true });
    loses('s[1]', { lost: 'NODE_FAIL' });
    expect(await world.follow()).toMatchObject({ status: 'done', ran: 5, skipped: 0 });
    expect(world.submissions.slice(3)).toEqual(['s.r2 0', 'score.r2 0 aftercorr s.r2']);
    expect(world.told).not.toContain('stage-skipped score');
  });

  it('fails after three further attempts, and says so', async () => {
    world = new QueueWorld(study());
    loses('t[0]', ...Array.from({ length: 9 }, () => ({ lost: 'NODE_FAIL' })));
    expect(await world.follow()).toMatchObject({ status: 'failed', failed: 1 });
    expect(failureOf('t[0]')?.message).toMatch(
      /job \d+_0 ended as NODE_FAIL, and left no word of it, after 3 further attempts/,
    );
    expect(world.submissions.filter((line) => line.startsWith('t.'))).toEqual(['t.r2 0', 't.r3 0', 't.r4 0']);
  });

  it.each([[{ lost: 'OUT_OF_MEMORY' }], [{ failure: 'out-of-memory' }]])(
    'gets twice the memory after %o',
    async (end) => {
      world = new QueueWorld(study(memory(100)));
      loses('t[0]', end, end);
      expect(await world.follow()).toMatchObject({ status: 'done', ran: 5 });
      const asked = world.jobs
        .filter(({ name }) => name.startsWith('kdpipe-run-t'))
        .map(({ resources }) => resources.memory);
      expect(asked).toEqual([100, 200, 400]);
      expect(world.events).toContainEqual(
        expect.objectContaining({
          ...{ type: 'stage-retrying', cell: 't[0]', attempt: 2 },
          failure: expect.objectContaining({ message: expect.stringContaining('with 200 MiB (retry 1 of at most 3)') }),
        }),
      );
    },
  );

  it('fails for want of memory where none was asked for, or no node has more', async () => {
    world = new QueueWorld(study());
    loses('t[0]', { lost: 'OUT_OF_MEMORY' });
    expect(await world.follow()).toMatchObject({ status: 'failed' });
    expect(failureOf('t[0]')?.fix).toContain('resources: { memory');
    world.remove();
    world = new QueueWorld(study(memory(100)));
    world.refusal = ({ resources }) =>
      resources.memory > 100 ? { code: 'slurm-refused', message: 'no node' } : undefined;
    loses('t[0]', { lost: 'OUT_OF_MEMORY' });
    expect(await world.follow()).toMatchObject({ status: 'failed' });
    expect(failureOf('t[0]')?.message).toContain('more is refused: no node');
  });

  it('goes on after its time while it gets further, and has saved that', async () => {
    world = new QueueWorld([cell('t')]);
    world.hasSaved = true;
    world.course = (task) => {
      const started = { type: 'stage-started', cell: 't', key: keyOf('t'), attempt: 1, reason: '' } as const;
      if (task.before < 5) tell(task, started, { type: 'stage-metric', cell: 't', row: { epoch: task.before } });
      else tell(task, started);
      return { lost: 'TIMEOUT' };
    };
    expect(await world.follow()).toMatchObject({ status: 'failed' });
    expect(world.jobs).toHaveLength(6);
    expect(failureOf('t')?.message).toContain('ended as TIMEOUT');
  });

  it('is not submitted again after a failure of another, or where it was cancelled', async () => {
    world = new QueueWorld([cell('a'), cell('b')]);
    world.course = ({ cells }) => (cells.includes('a') ? { failure: 'x' } : { lost: 'NODE_FAIL' });
    expect(await world.follow()).toMatchObject({ status: 'failed', failed: 2 });
    expect(world.jobs).toHaveLength(2);
    world.remove();
    world = new QueueWorld([cell('a'), cell('b')]);
    loses('b', { lost: 'CANCELLED by 0' });
    expect(await world.follow()).toMatchObject({ status: 'interrupted', ran: 1 });
    world.remove();
    world = new QueueWorld([cell('a'), cell('b')]);
    loses('b', { lost: 'FAILED' });
    world.onLook = () => writeFileSync(callOffFile(world.folder), '');
    expect(await world.follow()).toMatchObject({ status: 'interrupted', ran: 1 });
  });

  it('is submitted once, by whoever goes on after a process that died in between', async () => {
    world = new QueueWorld(study());
    loses('t[1]', { lost: 'NODE_FAIL' });
    world.refuses = ({ name }) => {
      if (name.endsWith('s.r2')) throw new Error('the process dies here');
      return false;
    };
    await expect(world.follow()).rejects.toThrow('dies here');
    const written = readFileSync(join(world.folder, 'arrays', 'arrays.json'), 'utf8');
    world.refuses = () => false;
    expect(await world.follow(true)).toMatchObject({ status: 'done', ran: 5 });
    expect(readFileSync(join(world.folder, 'arrays', 'arrays.json'), 'utf8')).toBe(written);
    expect(world.submissions.filter((line) => line.startsWith('t.r2'))).toHaveLength(1);
    expect(world.jobs).toHaveLength(6);
  });

  it('waits while the queue does not answer: nothing is concluded from that', async () => {
    world = new QueueWorld(study());
    loses('t[1]', { lost: 'NODE_FAIL' });
    world.onLook = (look) => {
      world.silent = look === 1 || (look > 2 && look < 9);
    };
    expect(await world.follow()).toMatchObject({ status: 'done', ran: 5 });
    expect(world.jobs).toHaveLength(6);
  });

  it('fails where the queue takes it no more, and what needs it is skipped', async () => {
    world = new QueueWorld(study(), { keepGoing: true });
    loses('t[1]', { lost: 'NODE_FAIL' });
    world.refuses = ({ name }) => name.includes('.r');
    expect(await world.follow()).toMatchObject({ status: 'failed', failed: 1, ran: 2, skipped: 2 });
    expect(readSubmitted(world.folder)?.arrays).toHaveLength(3);
  });
});
