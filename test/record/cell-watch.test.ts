import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { arrayFolder, taskFiles, writeSubmitted, writeTaskEnd, type ArrayOutline } from '../../src/record/arrays.ts';
import { CellWatch } from '../../src/record/cell-watch.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-watch-'));
  tell({ type: 'stage-started', cell: 'a', key: 'k', attempt: 1, reason: '' });
});
afterEach(() => rmSync(folder, { recursive: true }));

const tell = (event: EventBody) =>
  appendFileSync(join(folder, 'events.ndjson'), `${JSON.stringify({ ...event, at: 1 })}\n`);
const request = { resources: { cpu: 1, gpu: 0, memory: 0 }, time: 0, settings: {} };
const submit = (...arrays: readonly Pick<ArrayOutline, 'name' | 'tasks'>[]) =>
  writeSubmitted(folder, {
    ...{ asked: 'x', cwd: '/', keepGoing: false },
    arrays: arrays.map((array) => ({ ...array, stage: 'a', request, after: [] })),
  });
const end = (array: string, cell: string) =>
  writeTaskEnd(taskFiles.end(arrayFolder(folder, array), 0), {
    ...{ job: '1', restarts: 0, host: 'n', gpus: [], started: 1, ended: 2 },
    cells: [{ event: { type: 'stage-interrupted', cell, at: 2 }, outputs: {} }],
  });

it('sees the end of its cell, and that of the run', () => {
  const watch = new CellWatch(folder, ['a']);
  expect([...watch.ended()]).toEqual([]);
  tell({ type: 'stage-interrupted', cell: 'b' });
  expect([...watch.ended()]).toEqual([]);
  tell({ type: 'stage-interrupted', cell: 'a' });
  expect([...watch.ended()]).toEqual(['a']);
  const other = new CellWatch(folder, ['c']);
  expect([...other.ended()]).toEqual([]);
  tell({ type: 'run-finished', status: 'done', ran: 0, reused: 0, failed: 0, skipped: 0, seconds: 1 });
  expect([...other.ended()]).toEqual(['c']);
});

it('sees what a node has said of it, in the last round that it stands in', () => {
  const watch = new CellWatch(folder, ['a']);
  submit({ name: 'a', tasks: [[0, ['a']]] });
  expect([...watch.ended()]).toEqual([]);
  submit({ name: 'a', tasks: [[0, ['a']]] }, { name: 'a.r2', tasks: [[0, ['a']]] });
  end('a', 'a');
  expect([...watch.ended()]).toEqual([]);
  end('a.r2', 'a');
  expect([...watch.ended()]).toEqual(['a']);
});
