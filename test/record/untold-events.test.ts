import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { arrayFolder, taskFiles, writeDescription, writeSubmitted, writeTaskEnd } from '../../src/record/arrays.ts';
import { queuedKeys } from '../../src/record/queued-keys.ts';
import { untoldEvents } from '../../src/record/untold-events.ts';
import { cell } from '../scheduler/fakes.ts';

let folder: string;
const request = { resources: { cpu: 1, gpu: 0, memory: 0 }, time: 0, settings: {} };
const array = (name: string, ...cells: readonly string[]) => ({
  ...{ name, stage: name, request, after: [] },
  tasks: cells.map((id, index) => [index, [id]] as const),
});
const started = (id: string): Event => ({
  type: 'stage-started',
  cell: id,
  key: `key ${id}`,
  attempt: 1,
  reason: '',
  at: 1,
});
const says = (name: string, index: number, ...events: readonly Event[]) => {
  mkdirSync(arrayFolder(folder, name), { recursive: true });
  const lines = events.map((event) => `${JSON.stringify(event)}\n`);
  writeFileSync(taskFiles.events(arrayFolder(folder, name), index), lines.join(''));
};
const ends = (name: string, index: number, event: Extract<Event, { cell: string }>) =>
  writeTaskEnd(taskFiles.end(arrayFolder(folder, name), index), {
    ...{ job: '1', restarts: 0, host: 'n', gpus: [], started: 0, ended: 1, cells: [{ event, outputs: {} }] },
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-untold-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('are none of a run of this machine', () => {
  expect(untoldEvents(folder, [])).toEqual([]);
  expect(queuedKeys(folder, [])).toBeUndefined();
});

it('are how cells have ended, and which others have begun, as their last arrays say', () => {
  writeSubmitted(folder, {
    ...{ asked: 'x', cwd: '/', keepGoing: false },
    arrays: [array('s', 'a', 'b', 'c'), { ...array('s.r2', 'b'), again: 'node' }],
  });
  const finished: Event = { type: 'stage-finished', cell: 'a', key: 'key a', seconds: 1, metrics: {}, at: 2 };
  says('s', 0, started('a'));
  ends('s', 0, finished);
  says('s', 1, started('b'));
  ends('s', 1, { type: 'stage-skipped', cell: 'b', because: 'a', at: 2 });
  says('s', 2, started('c'), { type: 'stage-metric', cell: 'c', row: { epoch: 1 }, at: 2 });
  expect(untoldEvents(folder, [])).toEqual([finished, started('c')]);
  expect(untoldEvents(folder, [finished])).toEqual([started('c')]);
  says('s.r2', 0, started('b'));
  expect(untoldEvents(folder, [finished])).toEqual([started('c'), started('b')]);
});

it('tell what a collection has to leave to a run that goes on: what it reads, and what it has begun', () => {
  writeSubmitted(folder, { asked: 'x', cwd: '/', keepGoing: false, arrays: [array('s', 'a')] });
  writeDescription(arrayFolder(folder, 's'), {
    ...{
      pipeline: 'p',
      run: 'r',
      runsFolder: '/',
      workingFolder: '/',
      store: '/',
      commit: null,
      sources: [],
      force: [],
    },
    ...{
      cells: [cell('a', { needs: ['data'] })],
      tasks: [[0, ['a']]],
      needs: [{ cell: cell('data'), from: 'key data' }],
    },
  });
  says('s', 0, started('a'));
  expect([...(queuedKeys(folder, []) ?? [])]).toEqual(['key data', 'key a']);
  const counts = { ran: 1, reused: 0, failed: 0, skipped: 0 };
  expect(queuedKeys(folder, [{ type: 'run-finished', status: 'done', seconds: 1, ...counts, at: 3 }])).toBeUndefined();
});
