import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { openEventLog, type Disk } from '../../src/record/event-log.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-events-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const reused = (cell: string): Event => ({ type: 'stage-reused', cell, key: 'k', at: 0 });
const failed = (cell: string): Event => ({
  type: 'stage-failed',
  cell,
  key: null,
  failure: { code: 'x', message: 'x' },
  tail: [],
  at: 0,
});

/** A log, and a disk that tells what the file held when it was flushed, and takes as long as one likes. */
function logged() {
  const path = join(folder, 'events.ndjson');
  const flushed: string[] = [];
  const waiting: (() => void)[] = [];
  let file = -1;
  const disk: Disk = {
    flush: (descriptor, done) => {
      file = descriptor;
      flushed.push(readFileSync(path, 'utf8'));
      waiting.push(done);
    },
    flushNow: (descriptor) => {
      file = descriptor;
      flushed.push(readFileSync(path, 'utf8'));
    },
  };
  const lines = () => readFileSync(path, 'utf8').trim().split('\n').length;
  const isOpen = () => {
    try {
      return fstatSync(file).isFile();
    } catch {
      return false;
    }
  };
  return { log: openEventLog(path, 0o600, disk), flushed, waiting, lines, isOpen };
}

describe('the events of a run', () => {
  it('are flushed when a stage has ended, and not for what the store knows', async () => {
    const { log, flushed, lines } = logged();
    log.sink(reused('a'));
    await expect.poll(lines).toBe(1);
    expect(flushed).toEqual([]);
    log.sink(failed('b'));
    await expect.poll(() => flushed.length).toBe(1);
    expect(flushed[0]).toContain('"stage-failed"');
    log.close();
  });

  it('stand before a task is handed to its queue: who dies then leaves word of it', () => {
    const { log, lines } = logged();
    log.sink(reused('a'));
    log.sink({ type: 'stage-waiting', cell: 'b', key: 'k', holder: 'the queue', handle: '/job', at: 0 });
    expect(lines()).toBe(2);
    log.close();
  });

  it('are flushed once at a time: all that ended meanwhile goes with one more', async () => {
    const { log, flushed, waiting, lines } = logged();
    log.sink(failed('a'));
    await expect.poll(() => flushed.length).toBe(1);
    for (const at of [2, 3, 4]) {
      log.sink(failed(`b${at}`));
      await expect.poll(lines).toBe(at);
    }
    expect(flushed).toHaveLength(1);
    waiting.shift()?.();
    expect(flushed).toHaveLength(2);
    expect(flushed[1]?.trim().split('\n')).toHaveLength(4);
    waiting.shift()?.();
    expect(flushed).toHaveLength(2);
    log.close();
  });

  it('are all on the disk when the log is closed, whatever they are; the file stays open while it is flushed', async () => {
    const { log, flushed, waiting, isOpen } = logged();
    log.sink(failed('a'));
    await expect.poll(() => waiting.length).toBe(1);
    log.sink(reused('b'));
    log.close();
    expect(flushed.at(-1)?.trim().split('\n')).toHaveLength(2);
    expect(isOpen()).toBe(true);
    waiting.shift()?.();
    expect(isOpen()).toBe(false);
    expect(flushed).toHaveLength(2);
  });

  it('are closed at once where nothing flushes, and where the disk refuses', () => {
    const path = join(folder, 'other.ndjson');
    let file = -1;
    const refusing: Disk = {
      flush: (_, done) => done(),
      flushNow: (descriptor) => {
        file = descriptor;
        throw new Error('ENOSPC');
      },
    };
    const log = openEventLog(path, 0o600, refusing);
    log.sink(reused('a'));
    log.close();
    expect(() => fstatSync(file)).toThrow('EBADF');
    expect(readFileSync(path, 'utf8')).toContain('stage-reused');
  });

  it('are not kept once the log is closed, when its descriptor may be another file’s', async () => {
    const { log, flushed, lines } = logged();
    log.sink(failed('a'));
    log.close();
    const before = flushed.length;
    const other = openSync(join(folder, 'other'), 'w');
    log.sink(failed('b'));
    log.close();
    await setTimeout(100);
    expect({ lines: lines(), flushes: flushed.length - before }).toEqual({ lines: 1, flushes: 0 });
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('');
    closeSync(other);
  });
});
