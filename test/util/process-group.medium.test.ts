import { spawn, type ChildProcess } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { signalGroup } from '../../src/util/process-group.ts';

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

const start = () => (child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }));
const exitOf = (process: ChildProcess) =>
  new Promise((resolve) => process.once('exit', (code, signal) => resolve(signal ?? code)));

describe('signalGroup', () => {
  it('reaches the members of a group', async () => {
    const leader = start();
    const ended = exitOf(leader);
    expect(signalGroup(leader.pid!, 0)).toBe(true);
    expect(signalGroup(leader.pid!, 'SIGTERM')).toBe(true);
    expect(await ended).toBe('SIGTERM');
  });

  it('says when a group has no members any more', async () => {
    const leader = start();
    const ended = exitOf(leader);
    signalGroup(leader.pid!, 'SIGKILL');
    await ended;
    expect(signalGroup(leader.pid!, 0)).toBe(false);
    expect(signalGroup(leader.pid!, 'SIGKILL')).toBe(false);
  });
});
