import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { TaskMessage } from '../../src/core/task.ts';
import { watchGroups } from '../../src/executors/groups.ts';

const task = { cell: 'a', run: `run-${process.pid}` };

describe('watchGroups', () => {
  it('keeps group messages to itself and passes all others on', () => {
    const told: TaskMessage[] = [];
    const groups = watchGroups(task, (message) => told.push(message));
    groups.tell({ type: 'warning', message: 'x' });
    groups.tell({ type: 'group', leader: 2 ** 22 });
    groups.tell({ type: 'committing' });
    expect(told.map(({ type }) => type)).toEqual(['warning', 'committing']);
  });

  it('kills every group that it was told of, and minds none that is gone', async () => {
    const groups = watchGroups(task, () => undefined);
    groups.tell({ type: 'group', leader: 2 ** 22 });
    const ends = [1, 2].map(() => {
      const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
      groups.tell({ type: 'group', leader: child.pid ?? 0 });
      return new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    });
    groups.kill();
    expect(await Promise.all(ends)).toEqual(['SIGKILL', 'SIGKILL']);
  });

  it('kills what a stage started in a session of its own', async () => {
    const groups = watchGroups(task, () => undefined);
    groups.tell({ type: 'group', leader: 2 ** 22 });
    const env = { ...process.env, KDPIPE_STAGE: task.cell, KDPIPE_RUN: task.run };
    const [own, foreign] = [env, { ...env, KDPIPE_RUN: 'another' }].map((environment) =>
      spawn('sleep', ['1000'], { detached: true, stdio: 'ignore', env: environment }),
    );
    const end = new Promise((resolve) => own?.once('exit', (_code, signal) => resolve(signal)));
    groups.kill();
    expect(await end).toBe('SIGKILL');
    expect(foreign?.exitCode ?? foreign?.signalCode).toBeNull();
    foreign?.kill('SIGKILL');
  });
});
