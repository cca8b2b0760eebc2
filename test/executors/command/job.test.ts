import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskMessage } from '../../../src/core/task.ts';
import { Job } from '../../../src/executors/command/job.ts';
import { jobFiles, type JobMessage } from '../../../src/executors/command/job-folder.ts';

const finished = { status: 'finished', key: 'k', outputs: {}, metrics: {}, seconds: 1, reused: false } as const;
const interrupted = { type: 'ended', cell: 'a', result: { status: 'interrupted' } } as const;
const began = { type: 'began', host: 'n1', at: 0 } as const;

describe('a job', () => {
  let folder = '';
  let told: TaskMessage['type'][] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kdpipe-job-'));
    told = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (...messages: readonly JobMessage[]) => {
    for (const message of messages) appendFileSync(jobFiles.messages(folder), `${JSON.stringify(message)}\n`);
  };
  const follow = () => {
    const job = new Job(folder, { name: 'kdpipe-1', tasks: [], cwd: folder });
    job.handle = '12';
    return { job, result: job.follow('a', ({ type }) => told.push(type)) };
  };

  it('tells what it has written, and ends as its last word says', async () => {
    const { job, result } = follow();
    job.read();
    write(began, { type: 'told', cell: 'a', message: { type: 'warning', message: 'oh' } });
    job.read();
    expect(told).toEqual(['queued', 'acquired', 'warning']);
    expect(job.isOpen).toBe(true);
    write({ type: 'ended', cell: 'a', result: finished });
    job.read();
    expect(await result).toEqual(finished);
    expect(job.isOpen).toBe(false);
  });

  it('has failed once it was seen twice as ended, without a word', async () => {
    const { job, result } = follow();
    for (const state of ['ended', 'running', 'ended', 'unknown'] as const) job.judge({ state, reason: 'evicted' });
    job.judge(undefined);
    expect(job.isOpen).toBe(true);
    job.judge({ state: 'ended', reason: 'evicted' });
    expect(await result).toMatchObject({
      status: 'failed',
      failure: { code: 'job-lost', message: 'job 12 has ended (evicted), and left no word of how' },
    });
  });

  it('is believed before its queue: its last word may be read late', async () => {
    const { job, result } = follow();
    job.judge({ state: 'ended', reason: '' });
    write({ type: 'ended', cell: 'a', result: finished });
    job.judge({ state: 'ended', reason: '' });
    expect(await result).toEqual(finished);
  });

  it('that was interrupted by others may be started anew by its queue', async () => {
    const { job, result } = follow();
    write(began, interrupted, began, { type: 'ended', cell: 'a', result: finished });
    job.read();
    expect(told).toEqual(['queued', 'acquired']);
    expect(await result).toEqual(finished);
  });

  it('that was called off ends as interrupted', async () => {
    const { job, result } = follow();
    job.calledOff = true;
    write(began, interrupted);
    job.read();
    expect(await result).toEqual({ status: 'interrupted' });
  });

  it('does not mind damaged lines', async () => {
    const { job, result } = follow();
    appendFileSync(jobFiles.messages(folder), '{"type":"ended","cell":3}\nx\nnull\n');
    write({ type: 'ended', cell: 'a', result: finished });
    job.read();
    expect(await result).toEqual(finished);
  });
});
