import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPool } from '../../src/executors/pool.ts';
import { kinds } from '../../src/stages/registry.ts';
import type { Executor, RunningTask } from '../../src/executors/executor.ts';
import { Mailbox } from '../support/mailbox.ts';
import { lives, startTask, Workbench } from '../support/tasks.ts';

let bench: Workbench;
let pool: Executor;
let mailbox: Mailbox;
beforeEach(async () => {
  bench = new Workbench();
  pool = createPool({ slots: 4, gpus: [], store: bench.store, kinds });
  mailbox = await Mailbox.open();
});
afterEach(async () => {
  await pool.close();
  await mailbox.close();
  bench.remove();
});

const start = (cell: string, shell: string) => startTask(pool, bench.command(cell, shell));
const pidIn = (name: string) => Number(readFileSync(bench.path(name), 'utf8'));
/** Runs a task that tells which worker served it. */
const workerOf = async (cell: string) => {
  expect(await start(cell, `echo $PPID > ${bench.path(cell)}`).result).toMatchObject({ status: 'finished' });
  return pidIn(cell);
};

describe('the pool', () => {
  it('serves task after task with one worker', async () => {
    const first = await workerOf('a');
    expect(first).not.toBe(process.pid);
    expect([await workerOf('b'), await workerOf('c')]).toEqual([first, first]);
  });

  it('starts as many workers as there are tasks at once', async () => {
    const tasks = ['a', 'b'].map((cell) =>
      start(cell, `echo $PPID > ${bench.path(cell)}; ${mailbox.sayAndWait('up')}`),
    );
    await mailbox.heard('up', 2);
    mailbox.release();
    await Promise.all(tasks.map(({ result }) => result));
    const pids = ['a', 'b'].map(pidIn);
    expect(new Set(pids).size).toBe(2);
    expect(pids).toContain(await workerOf('c'));
  });

  it('fails exactly the task of a worker that is killed, ends what it started, and replaces the worker', async () => {
    const other = start('other', mailbox.sayAndWait('other up'));
    const line = `echo $$ > ${bench.path('leader')}; echo $PPID > ${bench.path('worker')}; echo last words; ${mailbox.sayAndWait('up')}`;
    const task = start('a', line);
    await Promise.all([mailbox.heard('up'), mailbox.heard('other up')]);
    process.kill(pidIn('worker'), 'SIGKILL');
    expect(await task.result).toEqual({
      status: 'failed',
      failure: {
        code: 'worker-died',
        message: 'the worker process that ran it was killed by SIGKILL',
        fix: expect.stringContaining('out of memory'),
      },
      tail: ['last words'],
    });
    await expect.poll(() => lives(pidIn('leader'))).toBe(false);
    mailbox.release();
    expect(await other.result).toMatchObject({ status: 'finished' });
    expect(await workerOf('b')).not.toBe(pidIn('worker'));
  });

  it('makes a result again that was being written when another stage took the worker down', async () => {
    const big = `echo $PPID >> ${bench.path('workers')}; head -c 200000000 /dev/zero > "$KDPIPE_OUT/big"`;
    const first = await new Promise<RunningTask>((resolve) => {
      const task = startTask(pool, bench.command('big', big), ({ type }) => {
        if (type === 'committing') resolve(task);
      });
    });
    const killer = await start('killer', `echo $PPID >> ${bench.path('workers')}; kill -9 $PPID; sleep 1000`).result;
    expect(killer).toMatchObject({ status: 'failed', failure: { code: 'worker-died' } });
    expect(await first.result).toMatchObject({ status: 'finished' });
    const [one, two, three] = readFileSync(bench.path('workers'), 'utf8').trim().split('\n');
    expect(one).toBe(two);
    expect(three).not.toBe(one);
  });

  it('goes on when an idle worker was killed', async () => {
    const first = await workerOf('a');
    process.kill(first, 'SIGKILL');
    await expect.poll(() => lives(first)).toBe(false);
    await expect.poll(async () => (await start(`b${Math.random()}`, 'true').result).status).toBe('finished');
  });

  it('runs nothing of a task that was interrupted before it had a worker', async () => {
    const task = start('a', `touch ${bench.path('ran')}`);
    task.interrupt();
    expect(await task.result).toEqual({ status: 'interrupted' });
    expect(() => readFileSync(bench.path('ran'))).toThrow('ENOENT');
  });

  it('lets the task of a worker that gets SIGTERM stop in order', async () => {
    const saved = bench.path('saved');
    bench.write(
      'save.sh',
      `trap 'echo saved > ${saved}; exit 0' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`,
    );
    const task = start('a', `echo $PPID > ${bench.path('worker')}; exec sh ${bench.path('save.sh')}`);
    await mailbox.heard('up');
    process.kill(pidIn('worker'), 'SIGTERM');
    expect(await task.result).toEqual({ status: 'interrupted' });
    expect(readFileSync(saved, 'utf8')).toBe('saved\n');
  });

  it('leaves no worker behind when it is closed', async () => {
    const worker = await workerOf('a');
    await pool.close();
    expect(lives(worker)).toBe(false);
  });
});
