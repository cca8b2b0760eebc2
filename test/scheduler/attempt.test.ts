import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StageTask, TaskMessage } from '../../src/core/task.ts';
import { Attempt, stoppedFromOutside } from '../../src/scheduler/attempt.ts';
import { FakeExecutor, finished, ManualClock } from './fakes.ts';

let folder: string;
let clock: ManualClock;
let executor: FakeExecutor;
let told: TaskMessage[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-attempt-'));
  clock = new ManualClock();
  executor = new FakeExecutor();
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const taskOf = (timeout: number): StageTask => ({
  ...{ cell: 'a', kind: 'fake', resultVersion: 1, key: 'k', params: {}, inputs: [], sources: [], store: '', folder },
  ...{ run: 'r', attempt: 1, timeout, threads: 1, gpus: [], commit: null, force: false, cohort: [] },
});
const start = (timeout: number) => new Attempt(executor, taskOf(timeout), clock, (message) => told.push(message));

describe('an attempt', () => {
  it('starts its task and passes all messages on, in order', () => {
    start(0);
    const messages: readonly TaskMessage[] = [
      { type: 'waiting', holder: 'x' },
      { type: 'acquired' },
      { type: 'warning', message: 'careful' },
      { type: 'committing' },
    ];
    for (const message of messages) executor.of('a').tell(message);
    expect(told).toEqual(messages);
  });

  it('without a limit arms no timer', () => {
    start(0);
    executor.of('a').tell({ type: 'acquired' });
    expect(clock.next()).toBeUndefined();
  });

  it('is interrupted at its limit, killed 15 seconds later, and then failed with its last lines', async () => {
    writeFileSync(join(folder, 'log.txt'), 'epoch 1\nepoch 2\n');
    const attempt = start(10);
    clock.advance(10_000);
    expect(executor.of('a')).toMatchObject({ interrupted: true, killed: false });
    clock.advance(15_000);
    expect(executor.of('a')).toMatchObject({ interrupted: true, killed: true });
    executor.of('a').end({ status: 'interrupted' });
    expect(await attempt.result).toMatchObject({
      ...{ status: 'failed', tail: ['epoch 1', 'epoch 2'] },
      failure: { code: 'timed-out', message: 'the stage did not end within 10 s' },
    });
  });

  it('keeps a failure that is not of its time, also after the limit', async () => {
    const attempt = start(10);
    clock.advance(10_000);
    const failure = { code: 'no-images', message: 'no images' };
    executor.of('a').end({ status: 'failed', failure, tail: [] });
    expect(await attempt.result).toMatchObject({ failure });
  });

  it('disarms all timers at its end', async () => {
    const attempt = start(10);
    expect(clock.next()).toBe(10_000);
    executor.of('a').end(finished('k'));
    expect(await attempt.result).toMatchObject({ status: 'finished' });
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

  it('passes interruptions on', () => {
    const attempt = start(0);
    attempt.interrupt();
    expect(executor.of('a')).toMatchObject({ interrupted: true, killed: false });
    attempt.kill();
    expect(executor.of('a').killed).toBe(true);
  });

  it('stays interrupted when the run asked for it', async () => {
    const attempt = start(10);
    attempt.interrupt();
    executor.of('a').end({ status: 'interrupted' });
    expect(await attempt.result).toEqual({ status: 'interrupted' });
  });
});

describe('a task that somebody else stopped', () => {
  it('is a failure with its last lines', () => {
    writeFileSync(join(folder, 'log.txt'), 'so far\n');
    expect(stoppedFromOutside(taskOf(0))).toMatchObject({ failure: { code: 'stopped' }, tail: ['so far'] });
  });
});
