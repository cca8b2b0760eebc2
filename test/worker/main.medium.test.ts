import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerTask } from '../../src/core/task.ts';
import type { FromWorker, ToWorker } from '../../src/worker/protocol.ts';
import { Mailbox } from '../support/mailbox.ts';
import { Workbench } from '../support/tasks.ts';

let bench: Workbench;
let mailbox: Mailbox;
let worker: ChildProcess;
let heard: FromWorker[];
let exit: Promise<number | null>;
beforeEach(async () => {
  bench = new Workbench();
  mailbox = await Mailbox.open();
  heard = [];
  startWorker();
});
const startWorker = (...execArgv: readonly string[]) => {
  worker = fork('src/worker/main.ts', [], { execArgv: ['--import', 'tsx', ...execArgv], stdio: 'ignore' });
  worker.on('message', (message) => heard.push(message as FromWorker));
  exit = new Promise((resolve) => worker.once('exit', resolve));
};
afterEach(async () => {
  worker.kill('SIGKILL');
  await exit;
  await mailbox.close();
  bench.remove();
});

const send = (message: ToWorker) => worker.send(message);
const give = (task: WorkerTask) => send({ type: 'task', task });
const resultOf = async (cell: string) => {
  const find = () => heard.find((message) => message.type === 'result' && message.cell === cell);
  await expect.poll(find).toBeDefined();
  const message = find();
  return message?.type === 'result' ? message.result : undefined;
};
const messagesOf = (cell: string) =>
  heard.flatMap((message) => (message.type === 'message' && message.cell === cell ? [message.message.type] : []));

describe('a worker process', () => {
  it('tells what its task tells, then the result, each with the cell', async () => {
    give(bench.command('a', 'true'));
    expect(await resultOf('a')).toMatchObject({ status: 'finished', reused: false });
    expect(messagesOf('a')).toEqual(['group', 'committing']);
  });

  it('serves tasks of different stores', async () => {
    const other = new Workbench();
    give(bench.command('a', 'true'));
    expect(await resultOf('a')).toMatchObject({ status: 'finished' });
    give(other.command('b', 'true'));
    expect(await resultOf('b')).toMatchObject({ status: 'finished' });
    expect([bench.store.keys().length, other.store.keys().length]).toEqual([1, 1]);
    other.remove();
  });

  it('interrupts the task that is meant, and no other', async () => {
    give(bench.command('a', mailbox.sayAndWait('a up')));
    give(bench.command('b', mailbox.sayAndWait('b up')));
    await Promise.all([mailbox.heard('a up'), mailbox.heard('b up')]);
    send({ type: 'interrupt', cell: 'unknown' });
    send({ type: 'interrupt', cell: 'a' });
    expect(await resultOf('a')).toEqual({ status: 'interrupted' });
    mailbox.release();
    expect(await resultOf('b')).toMatchObject({ status: 'finished' });
  });

  it('answers a task of an unknown kind with a failure, and lives on', async () => {
    give(bench.task('a', { kind: 'no-such-kind' }));
    expect(await resultOf('a')).toMatchObject({
      failure: { code: 'internal-error', message: 'no stage kind is called no-such-kind' },
    });
    give(bench.command('b', 'true'));
    expect(await resultOf('b')).toMatchObject({ status: 'finished' });
  });

  it('exits when its runner closes the channel', async () => {
    give(bench.command('a', 'true'));
    await resultOf('a');
    worker.disconnect();
    expect(await exit).toBe(0);
  });

  it('lets its task save when the runner is gone, and exits then', async () => {
    const line = `trap 'touch ${bench.path('saved')}; exit' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`;
    give(bench.command('a', line));
    await mailbox.heard('up');
    worker.disconnect();
    expect(await exit).toBe(0);
    expect(existsSync(bench.path('saved'))).toBe(true);
    expect(bench.store.keys()).toEqual([]);
  });

  it('lets its task save also where it speaks to a runner that is gone before it has heard of that', async () => {
    worker.kill('SIGKILL');
    // Holds the worker at its second task, as a long computation would, until the channel is closed.
    const hold = bench.write(
      'hold.mjs',
      `import { existsSync } from 'node:fs';
      let messages = 0;
      const closed = () => existsSync(${JSON.stringify(bench.path('closed'))});
      const cell = new Int32Array(new SharedArrayBuffer(4));
      const hold = () => { if (++messages === 2) while (!closed()) Atomics.wait(cell, 0, 0, 5); };
      const listen = (event) => {
        if (event !== 'message') return;
        process.off('newListener', listen);
        process.on('message', hold);
      };
      process.on('newListener', listen);`,
    );
    startWorker(`--import=${pathToFileURL(hold).href}`);
    const line = `trap 'touch ${bench.path('saved')}; exit' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`;
    give(bench.command('a', line));
    await mailbox.heard('up');
    const key = 'e'.repeat(64);
    const lock = await bench.store.lock(key, new AbortController().signal, () => undefined);
    // It tells at once that it waits, without having looked at the channel again.
    give(bench.command('b', 'true', { key }));
    worker.once('disconnect', () => bench.write('closed', ''));
    worker.disconnect();
    expect(await exit).toBe(0);
    await lock.release();
    expect(existsSync(bench.path('saved'))).toBe(true);
    expect(readdirSync(bench.path('.store', '.drafts'))).toEqual([]);
  });

  it('does not mind Ctrl-C: the runner decides', async () => {
    give(bench.command('a', mailbox.sayAndWait('up')));
    await mailbox.heard('up');
    worker.kill('SIGINT');
    mailbox.release();
    expect(await resultOf('a')).toMatchObject({ status: 'finished' });
  });
});
