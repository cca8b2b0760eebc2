import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Event, EventBody } from '../../src/core/event.ts';
import { CellReference, type Cell, type Plan } from '../../src/core/plan.ts';
import { CellTracker } from '../../src/project/cell-tracker.ts';
import type { Entry, Manifest } from '../../src/store/store.ts';

const [early, late] = ['20260101T000000000Z-000001', '20260102T000000000Z-000002'];
const common = { resources: { cpu: 1, gpu: 0, memory: 0 }, retry: 0, timeout: 0 };
const net: Cell = {
  ...{ ...common, id: 'net[kd_ratio=0.5,seed=3]', stage: 'net', kind: 'distill-student', needs: [] },
  axes: { kd_ratio: 0.5, seed: 3 },
  params: { kd_ratio: 0.5, seed: 3, mean_std: [1, 2], limit: { train: 4 }, dropout: null, note: 'hidden word' },
};
const score: Cell = {
  ...{ ...common, id: `score[of=${net.id}]`, stage: 'score', kind: 'evaluate', needs: [net.id] },
  axes: { of: new CellReference(net.id) },
  params: { of: new CellReference(net.id, 'weights') },
};
const plan: Plan = {
  ...{ name: 'p', description: '', file: 'p.yaml', params: {}, cells: [net, score], tables: [], plots: [] },
  secrets: ['hidden word'],
};

let runsFolder: string;
beforeEach(() => {
  runsFolder = mkdtempSync(join(tmpdir(), 'kdpipe-tracker-'));
});
afterEach(() => rmSync(runsFolder, { recursive: true }));

const at = (when: number, body: EventBody): Event => ({ ...body, at: when });
const started = (when: number): Event =>
  at(when, { type: 'stage-started', cell: net.id, key: 'k', attempt: 1, reason: '' });
const epoch = (when: number, step: number, loss: number): Event =>
  at(when, { type: 'stage-metric', cell: net.id, row: { epoch: step, loss, kd_loss: null } });
const finished = (when: number): Event =>
  at(when, {
    type: 'stage-finished',
    cell: net.id,
    key: 'k',
    seconds: 1,
    metrics: { loss: 9, test: { accuracy: 0.5 } },
  });

function record(run: string, events: readonly Event[]): void {
  const folder = join(runsFolder, 'p', run);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

/** A tracker that has taken the events, in the run `late`. */
function tracker(events: readonly Event[], entries: Readonly<Record<string, Entry>> = {}): CellTracker {
  const made = new CellTracker({ runsFolder, store: { find: (key) => entries[key] } }, plan);
  const about = { pipeline: 'p', file: 'p.yaml', cells: 2, slots: 1, command: '', commit: 'c0ffee' };
  made.take(at(0, { type: 'run-started', run: late, ...about }));
  events.forEach((event) => made.take(event));
  return made;
}

/** A result that a run has made, with its curves. */
function entryOf(run: string): Entry {
  const path = join(runsFolder, 'entry');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'curves.csv'), 'epoch,loss\n0,4\n1,3\n');
  const facts = {
    key: 'k',
    cell: net.id,
    run,
    started: 50,
    seconds: 1,
    commit: null,
    environment: { engine: { name: 'wasm' } },
  };
  const manifest = { ...facts, metrics: { loss: 9, test: { accuracy: 0.5 } } } as unknown as Manifest;
  return { key: 'k', path, outputs: { curves: { path: 'curves.csv', digest: '' } }, manifest: () => manifest };
}

const stepsOf = (made: CellTracker) =>
  made.changed()[0]?.rows.map(({ step, at: when, values }) => [step, when, values['loss']]);

it('tells parameters, axes behind a cell, tags, and no secret', () => {
  const [told] = tracker([started(1), epoch(2, 0, 4)]).changed();
  expect(told).toMatchObject({ key: 'k', stage: 'net', group: 'net[kd_ratio=0.5]', startedAt: 1 });
  expect(told?.params).toEqual({ kd_ratio: 0.5, seed: 3, mean_std: '[1,2]', 'limit.train': 4, note: '***' });
  expect(told?.tags).toMatchObject({ run: late, commit: 'c0ffee', seed: '3', kind: 'distill-student' });
  const own = {
    type: 'stage-finished',
    cell: score.id,
    key: 's',
    seconds: 1,
    metrics: { test: { accuracy: 1 } },
  } as const;
  const [scored] = tracker([at(5, own)]).changed();
  expect(scored?.params).toEqual({ kd_ratio: 0.5, seed: 3, of: `${net.id}.weights` });
});

it('tells each cell when something happened to it, and what curves end with not twice', () => {
  const made = tracker([started(1), epoch(2, 0, 4)]);
  expect(made.changed()).toHaveLength(1);
  expect(made.changed()).toEqual([]);
  made.take(finished(3));
  expect(made.changed()[0]?.end).toEqual({ state: 'finished', at: 3, metrics: { 'test.accuracy': 0.5 } });
});

it('has the epochs of the run before, where a training went on from it', () => {
  record(early, [started(1), epoch(2, 0, 4), epoch(3, 1, 3), at(4, { type: 'stage-interrupted', cell: net.id })]);
  record(late, []);
  expect(stepsOf(tracker([started(11), epoch(12, 2, 2)]))).toEqual([
    [0, 2, 4],
    [1, 3, 3],
    [2, 12, 2],
  ]);
});

it('tells of a reused result what the run that made it has recorded; where that is gone, what the result has kept', () => {
  const reused = at(20, { type: 'stage-reused', cell: net.id, key: 'k' });
  const entries = { k: entryOf(early) };
  expect(stepsOf(tracker([reused], entries))).toEqual([
    [0, 1050, 4],
    [1, 1050, 3],
  ]);
  record(early, [started(1), epoch(2, 0, 4), epoch(3, 1, 3), finished(4)]);
  const [told] = tracker([reused], entries).changed();
  expect(told).toMatchObject({ startedAt: 1, end: { state: 'finished', at: 4 }, tags: { run: early, engine: 'wasm' } });
  expect(told?.rows.map((row) => row.at)).toEqual([2, 3]);
});

it('tells the result of what failed in this run, where another run has made it since', () => {
  const failure = { code: 'x', message: 'x' };
  const failed = at(13, { type: 'stage-failed', cell: net.id, key: 'k', failure, tail: [] });
  expect(tracker([started(11), epoch(12, 0, 4), failed]).changed()[0]?.end?.state).toBe('failed');
  record(early, [started(1), epoch(2, 0, 4), finished(4)]);
  const [told] = tracker([started(11), epoch(12, 0, 4), failed], { k: entryOf(early) }).changed();
  expect(told?.end).toMatchObject({ state: 'finished', at: 4 });
});
