import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StageTask } from '../../src/core/task.ts';
import { Attempt, stoppedResult } from '../../src/scheduler/attempt.ts';
import { startTask } from '../support/tasks.ts';
import { FakeExecutor, finished, ManualClock } from './fakes.ts';

let folder: string;
let clock: ManualClock;
let executor: FakeExecutor;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-attempt-'));
  clock = new ManualClock();
  executor = new FakeExecutor();
});
afterEach(() => rmSync(folder, { recursive: true }));

const resources = { cpu: 1, gpu: 0, memory: 0 };
const taskOf = (timeout: number): StageTask => ({
  ...{ cell: 'a', kind: 'fake', resultVersion: 1, key: 'k', params: {}, inputs: [], sources: [], store: '', folder },
  ...{ run: 'r', attempt: 1, timeout, resources, commit: null, force: false, cohort: [] },
});
/** Starts an attempt, as a schedule does. */
const start = (timeout: number) => {
  const task = taskOf(timeout);
  const attempt = new Attempt(task, clock);
  const running = startTask(executor, task, (message) => attempt.receive(message));
  const result = attempt.finish(running);
  return { attempt, result };
};

describe('an attempt', () => {
  it('without a limit arms no timer', () => {
    start(0);
    executor.of('a').tell({ type: 'acquired' });
    expect(clock.next()).toBeUndefined();
  });

  it('is interrupted at its limit, killed 15 seconds later, and then failed with its last lines', async () => {
    writeFileSync(join(folder, 'log.txt'), 'epoch 1\nepoch 2\n');
    const { result } = start(10);
    clock.advance(10_000);
    expect(executor.of('a')).toMatchObject({ interrupted: true, killed: false });
    clock.advance(15_000);
    expect(executor.of('a')).toMatchObject({ interrupted: true, killed: true });
    executor.of('a').end({ status: 'interrupted' });
    expect(await result).toMatchObject({
      ...{ status: 'failed', tail: ['epoch 1', 'epoch 2'] },
      failure: { code: 'timed-out', message: 'the stage did not end within 10 s' },
    });
  });

  it('keeps a failure that is not of its time, also after the limit', async () => {
    const { result } = start(10);
    clock.advance(10_000);
    const failure = { code: 'no-images', message: 'no images' };
    executor.of('a').end({ status: 'failed', failure, tail: [] });
    expect(await result).toMatchObject({ failure });
  });

  it('disarms all timers at its end', async () => {
    const { result } = start(10);
    expect(clock.next()).toBe(10_000);
    executor.of('a').end(finished('k'));
    expect(await result).toMatchObject({ status: 'finished' });
    expect(clock.next()).toBeUndefined();
  });

  it('holds its limit while it waits for a lock and while its result is written', () => {
    start(10);
    executor.of('a').tell({ type: 'waiting', holder: 'x' });
    expect(clock.next()).toBeUndefined();
    executor.of('a').tell({ type: 'acquired' });
    expect(clock.next()).toBe(10_000);
    executor.of('a').tell({ type: 'committing' });
    expect(clock.next()).toBeUndefined();
  });

  it('holds its limit while its task stands in a queue', () => {
    start(10);
    executor.of('a').tell({ type: 'queued', handle: '17', queue: 'job 17' });
    clock.advance(60_000);
    executor.of('a').tell({ type: 'acquired' });
    expect(executor.of('a').interrupted).toBe(false);
    expect(clock.next()).toBe(10_000);
  });

  it('passes interruptions on', () => {
    const { attempt } = start(0);
    attempt.interrupt();
    expect(executor.of('a')).toMatchObject({ interrupted: true, killed: false });
    attempt.kill();
    expect(executor.of('a').killed).toBe(true);
  });

  it('stays interrupted when the run asked for it', async () => {
    const { attempt, result } = start(10);
    attempt.interrupt();
    executor.of('a').end({ status: 'interrupted' });
    expect(await result).toEqual({ status: 'interrupted' });
  });
});

describe('a task that somebody else stopped', () => {
  it('is a failure with its last lines', () => {
    writeFileSync(join(folder, 'log.txt'), 'so far\n');
    expect(stoppedResult(taskOf(0))).toMatchObject({ failure: { code: 'stopped' }, tail: ['so far'] });
  });
});
