import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskMessage } from '../../src/core/task.ts';
import { WorkerPool } from '../../src/executors/worker-pool.ts';
import type { WorkerProcess } from '../../src/executors/worker-process.ts';
import { Mailbox } from '../support/mailbox.ts';
import { Workbench } from '../support/tasks.ts';

let bench: Workbench;
let pool: WorkerPool;
let mailbox: Mailbox;
beforeEach(async () => {
  bench = new Workbench();
  pool = new WorkerPool();
  mailbox = await Mailbox.open();
});
afterEach(async () => {
  await pool.close();
  await mailbox.close();
  bench.remove();
});

const run = (worker: WorkerProcess, cell: string, shell: string, told: TaskMessage[] = []) =>
  worker.run(bench.command(cell, shell), (message) => told.push(message));

/** Takes two workers, of which each has served a kind last. */
async function twoWorkers(): Promise<readonly [WorkerProcess, WorkerProcess]> {
  const workers = [await pool.take('a'), await pool.take('b')] as const;
  for (const [at, worker] of workers.entries()) worker.lastKind = at === 0 ? 'a' : 'b';
  for (const worker of workers) pool.free(worker);
  return workers;
}

describe('a worker pool', () => {
  it('gives a task the worker that has loaded its kind, else the one that was free last, else a new one', async () => {
    const [a, b] = await twoWorkers();
    expect(await pool.take('a')).toBe(a);
    pool.free(a);
    expect(await pool.take('b')).toBe(b);
    pool.free(b);
    expect(await pool.take('c')).toBe(b);
    expect(await pool.take('c')).toBe(a);
    const third = await pool.take('c');
    expect([a, b]).not.toContain(third);
    expect(third.alive).toBe(true);
  });

  it('leaves no timer that keeps the process waiting when it is closed', async () => {
    const child = ['--import', 'tsx', 'test/executors/children/closed-pool.ts'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, child);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });

  it('gives the tasks of a cohort one worker, which is free when the last of them has given it back', async () => {
    const cohort = ['x', 'y'];
    const [one, other] = await Promise.all([pool.take('a', cohort), pool.take('a', cohort)]);
    expect(other).toBe(one);
    expect(await pool.take('a', ['x', 'z'])).not.toBe(one);
    pool.free(one, cohort);
    const apart = await pool.take('a');
    expect(apart).not.toBe(one);
    pool.free(one, cohort);
    expect(await pool.take('a')).toBe(one);
  });

  it('does not give out a worker that has died, free or not', async () => {
    const [a, b] = await twoWorkers();
    for (const worker of [a, b]) worker.kill();
    await Promise.all([a.close(), b.close()]);
    expect([a.alive, b.alive]).toEqual([false, false]);
    pool.free(a);
    const next = await pool.take('a');
    expect([a, b]).not.toContain(next);
    expect(await run(next, 'x', 'true')).toMatchObject({ status: 'finished' });
  });

  it('that shall avoid something gives only new workers from then on, which do without it', async () => {
    const [, idle] = await twoWorkers();
    const busy = await pool.take('a');
    const risk = { name: 'something', without: { KDPIPE_SOMETHING: 'none' }, verdict: null };
    pool.avoid(risk);
    await idle.close();
    const first = await pool.take('b');
    expect([busy, idle]).not.toContain(first);
    expect(await run(first, 'x', 'test $KDPIPE_SOMETHING = none')).toMatchObject({ status: 'finished' });
    pool.free(busy);
    expect(busy.alive && (await pool.take('a'))).not.toBe(busy);
    pool.free(first);
    pool.avoid(risk);
    expect(await pool.take('b')).toBe(first);
  });

  it('ends all its workers when it is closed, also those that nobody gave back', async () => {
    const [a] = await twoWorkers();
    const taken = await pool.take('a');
    expect(taken).toBe(a);
    await pool.close();
    expect(taken.alive).toBe(false);
  });
});

describe('a worker process', () => {
  it('that is dead answers a task by its death, at once', async () => {
    const worker = await pool.take('command');
    worker.kill();
    await worker.close();
    expect(await run(worker, 'x', 'true')).toMatchObject({
      status: 'died',
      committing: false,
      failure: { code: 'worker-died', message: 'the worker process that ran it was killed by SIGKILL' },
    });
  });

  it('that dies over two tasks tells each of them, with the last words of its own log', async () => {
    const worker = await pool.take('command');
    const shell = (cell: string) => `echo words of ${cell}; ${mailbox.sayAndWait('up')}`;
    const served = ['x', 'y'].map((cell) => run(worker, cell, shell(cell)));
    await mailbox.heard('up', 2);
    worker.kill();
    for (const [at, death] of (await Promise.all(served)).entries())
      expect(death).toMatchObject({
        status: 'died',
        committing: false,
        failure: { message: 'the worker process that ran it was killed by SIGKILL' },
        tail: [`words of ${at === 0 ? 'x' : 'y'}`],
      });
  });

  it('says which of its tasks had ended well, and keeps the leaders of groups to itself', async () => {
    const worker = await pool.take('command');
    const told: TaskMessage[] = [];
    const served = await run(worker, 'x', 'true', told);
    expect(served).toMatchObject({ status: 'finished' });
    expect(told.map(({ type }) => type)).toEqual(['committing']);
    expect(worker.lastKind).toBe('command');
  });

  it('interrupts the task of a cell, and minds none that it does not have', async () => {
    const worker = await pool.take('command');
    const served = run(worker, 'x', mailbox.sayAndWait('up'));
    await mailbox.heard('up');
    worker.interrupt('another');
    worker.interrupt('x');
    expect(await served).toEqual({ status: 'interrupted' });
    expect(worker.alive).toBe(true);
  });
});
