import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { identifyProcess, isAlive, isRunning } from '../../src/util/process-identity.ts';

const self = identifyProcess();

describe('the identity of a process', () => {
  it('is the same while it lives, and plain JSON', () => {
    expect(self).toMatchObject({ pid: process.pid, host: hostname() });
    expect(JSON.parse(JSON.stringify(identifyProcess()))).toEqual(self);
  });

  it('is alive while the process is, and dead after it', async () => {
    expect(isAlive(self)).toBe(true);
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    const { pid = 0 } = child;
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive({ ...self, pid })).toBe(false);
  });

  it.each([
    ['another start time', { start: '1' }, false],
    ['another boot', { boot: 'before' }, false],
    ['another container', { namespace: 'pid:[1]' }, undefined],
    ['another host', { host: 'far' }, undefined],
  ])('with %s is judged by what this machine can know', (_what, change, alive) => {
    expect(isAlive({ ...self, ...change })).toBe(alive);
  });

  it('without a start time is judged by its id alone', () => {
    // A start time that is given but cannot be asked for is another process's.
    expect(isRunning({ pid: 999_999_999, start: '' })).toBe(false);
    expect(isRunning({ pid: 999_999_999, start: '7' })).toBe(false);
  });

  it('is not taken for dead where /proc hides a process that the system knows: of another user', () => {
    const refuse = () => {
      throw Object.assign(new Error('not yours'), { code: 'EPERM' });
    };
    const kill = vi.spyOn(process, 'kill').mockImplementation(refuse);
    onTestFinished(() => kill.mockRestore());
    expect(isRunning({ pid: 999_999_999, start: '7' })).toBeUndefined();
    expect(isRunning({ pid: 999_999_999, start: '' })).toBe(true);
  });
});
