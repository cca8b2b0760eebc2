import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StageTask, TaskMessage } from '../../src/core/task.ts';
import type { Executor } from '../../src/executors/executor.ts';
import { createInProcess } from '../../src/executors/in-process.ts';
import { executors } from '../../src/executors/registry.ts';
import { kinds } from '../../src/stages/registry.ts';
import type { Store } from '../../src/store/store.ts';
import { Mailbox } from '../support/mailbox.ts';
import { lives, Workbench } from '../support/tasks.ts';

const all: Readonly<Record<string, (store: Store) => Executor>> = {
  'in-process': (store) => createInProcess({ store, kinds }),
  local: () => executors.local(),
};

describe.each(Object.entries(all))('the %s executor', (_name, create) => {
  let bench: Workbench;
  let executor: Executor;
  let mailbox: Mailbox;
  beforeEach(async () => {
    bench = new Workbench();
    executor = create(bench.store);
    mailbox = await Mailbox.open();
  });
  afterEach(async () => {
    await executor.close();
    await mailbox.close();
    bench.remove();
  });

  const start = (task: StageTask) => {
    const told: TaskMessage[] = [];
    const running = executor.start(task, (message) => told.push(message));
    return { running, result: running.result, told };
  };
  const pidIn = (name: string) => Number(readFileSync(bench.path(name), 'utf8'));

  it('makes a result and commits it', async () => {
    const task = bench.command('a', 'echo made > "$KDPIPE_OUT/x"; echo said');
    const result = await start(task).result;
    expect(result).toMatchObject({ status: 'finished', key: task.key, reused: false, metrics: {} });
    const entry = bench.store.find(task.key);
    expect(result).toMatchObject({ outputs: { out: entry?.outputs['out']?.digest } });
    expect(readFileSync(`${entry?.path ?? ''}/x`, 'utf8')).toBe('made\n');
    expect(readFileSync(`${task.folder}/log.txt`, 'utf8')).toBe('said\n');
  });

  it('tells of a failure its code and the last lines of the log', async () => {
    const result = await start(bench.command('a', 'echo before; echo sadly >&2; exit 7')).result;
    expect(result).toEqual({
      status: 'failed',
      failure: expect.objectContaining({ code: 'command-failed', message: 'the command exited with code 7' }),
      tail: ['before', 'sadly'],
    });
    expect(bench.store.keys()).toEqual([]);
  });

  it('serves one task after the other, also after one that failed', async () => {
    for (const code of [0, 1, 0, 2, 0]) {
      const { status } = await start(bench.command(`exit ${code}`, `exit ${code}`, { force: true })).result;
      expect(status).toBe(code ? 'failed' : 'finished');
    }
  });

  it('runs several tasks at once', async () => {
    const tasks = ['a', 'b', 'c'].map((id) => start(bench.command(id, mailbox.sayAndWait(id))));
    await Promise.all(['a', 'b', 'c'].map((id) => mailbox.heard(id)));
    mailbox.release();
    for (const { result } of tasks) expect(await result).toMatchObject({ status: 'finished' });
  });

  it('stops a task that is interrupted, and keeps no half result', async () => {
    const task = bench.command('a', `echo half > "$KDPIPE_OUT/x"; ${mailbox.sayAndWait('up')}`);
    const started = start(task);
    await mailbox.heard('up');
    started.running.interrupt();
    expect(await started.result).toEqual({ status: 'interrupted' });
    expect(bench.store.find(task.key)).toBeUndefined();
    expect(await start(bench.command('a', 'true')).result).toMatchObject({ status: 'finished' });
  });

  it('kills a task with everything that it started, even what ignores SIGTERM', async () => {
    bench.write('child.sh', `trap '' TERM; echo $$ > child; ${mailbox.say('up')}; sleep 1000; sleep 1000`);
    const leader = `trap '' TERM; echo $$ > leader; sh child.sh & wait; sleep 1000`;
    const started = start(bench.command('a', leader, { params: { cwd: bench.folder } }));
    await mailbox.heard('up');
    started.running.kill();
    expect(await started.result).toEqual({ status: 'interrupted' });
    for (const name of ['leader', 'child']) await expect.poll(() => lives(pidIn(name))).toBe(false);
  });

  it('gives the second of two equal tasks the result of the first', async () => {
    const line = `echo ran >> ${bench.path('trace')}; ${mailbox.sayAndWait('up')}`;
    const first = start(bench.command('one', line, { key: 'e'.repeat(64) }));
    await mailbox.heard('up');
    const second = start(bench.command('two', line, { key: 'e'.repeat(64) }));
    await expect.poll(() => second.told.map(({ type }) => type)).toEqual(['waiting']);
    mailbox.release();
    expect(await first.result).toMatchObject({ status: 'finished', reused: false });
    expect(await second.result).toMatchObject({ status: 'finished', reused: true });
    expect(second.told.map(({ type }) => type)).toEqual(['waiting', 'acquired']);
    expect(readFileSync(bench.path('trace'), 'utf8')).toBe('ran\n');
  });

  it('stops a task that is interrupted while it waits for a lock', async () => {
    const first = start(bench.command('one', mailbox.sayAndWait('up'), { key: 'e'.repeat(64) }));
    await mailbox.heard('up');
    const second = start(bench.command('two', 'true', { key: 'e'.repeat(64) }));
    await expect.poll(() => second.told.length).toBe(1);
    second.running.interrupt();
    expect(await second.result).toEqual({ status: 'interrupted' });
    mailbox.release();
    expect(await first.result).toMatchObject({ status: 'finished' });
  });

  it('runs a forced task although its result is there', async () => {
    const task = bench.command('a', `echo ran >> ${bench.path('trace')}`);
    await start(task).result;
    expect(await start(task).result).toMatchObject({ reused: true });
    expect(await start({ ...task, force: true }).result).toMatchObject({ status: 'finished', reused: false });
    expect(readFileSync(bench.path('trace'), 'utf8')).toBe('ran\nran\n');
    expect(existsSync(bench.store.find(task.key)?.path ?? '')).toBe(true);
  });

  it('stops tasks that still run when it is closed', async () => {
    const line = `trap 'touch ${bench.path('saved')}; exit 1' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`;
    const started = start(bench.command('a', line));
    await mailbox.heard('up');
    await executor.close();
    expect((await started.result).status).not.toBe('finished');
    expect(existsSync(bench.path('saved'))).toBe(true);
    expect(bench.store.keys()).toEqual([]);
  });
});
