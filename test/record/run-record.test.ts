import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { FailureError } from '../../src/core/failure.ts';
import { cellStatuses } from '../../src/core/run-state.ts';
import { latestReadable, latestRun, listRuns, readRun, replayRun } from '../../src/record/past-runs.ts';
import { cellFolder, startRecord } from '../../src/record/run-record.ts';
import { cell, planOf } from '../scheduler/fakes.ts';

let runs: string;
beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'kdpipe-runs-'))));
afterEach(() => rmSync(runs, { recursive: true, force: true }));

const plan = planOf([cell('a'), cell('b', { needs: ['a'] })]);
const noon = Date.UTC(2026, 10, 24, 12, 30, 15, 7);
const reused = (id: string, at = noon): Event => ({ type: 'stage-reused', cell: id, key: 'k', at });

describe('the record of a run', () => {
  it('is a folder named by its start, with the plan and the events in order', () => {
    const record = startRecord(runs, plan, noon);
    expect(record.run).toMatch(/^20261124T123015007Z-[0-9a-f]{6}$/);
    expect(record.folder).toBe(join(runs, 'trial', record.run));
    expect(readdirSync(record.folder).sort()).toEqual(['events.ndjson', 'plan.json', 'stages']);
    record.sink(reused('a', noon + 1));
    record.sink(reused('b', noon + 2));
    record.close();
    const run = readRun(record.folder);
    expect(run).toEqual({ ...run, run: record.run, folder: record.folder, plan });
    expect(run.events).toEqual([reused('a', noon + 1), reused('b', noon + 2)]);
  });

  it('has its events on disk soon, while the run goes on', async () => {
    const record = startRecord(runs, plan, noon);
    record.sink(reused('a'));
    await expect.poll(() => readRun(record.folder).events.length).toBe(1);
    record.close();
  });

  it('can be read when the run was killed in the middle of a line', () => {
    const record = startRecord(runs, plan, noon);
    record.sink(reused('a'));
    record.close();
    appendFileSync(join(record.folder, 'events.ndjson'), '{"type":"stage-fin');
    expect(readRun(record.folder).events).toEqual([reused('a')]);
  });

  it.each(['', '\0\0\0\0', 'null\n[]\n3\n{}\n{"type":3}\n'])('costs only events where they are %j', (text) => {
    const record = startRecord(runs, plan, noon);
    record.close();
    writeFileSync(join(record.folder, 'events.ndjson'), text);
    expect(readRun(record.folder)).toEqual({ run: record.run, folder: record.folder, plan, events: [] });
    rmSync(join(record.folder, 'events.ndjson'));
    expect(readRun(record.folder).events).toEqual([]);
  });

  it.each(['', '{"name":', '\0\0', 'null', undefined])('costs only itself where its plan is %j', (text) => {
    const folders = [noon, noon + 1, noon + 2].map((start) => startRecord(runs, plan, start).folder);
    const [, whole = '', damaged = ''] = folders;
    const file = join(damaged, 'plan.json');
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    expect(latestReadable(folders)).toMatchObject({ folder: whole, damaged: [basename(damaged)] });
    expect(latestReadable([damaged])).toBeUndefined();
    expect(() => readRun(damaged)).toThrow(text ? 'recorded is damaged' : 'recorded is empty');
  });

  it('keeps a hundred thousand events, in order', () => {
    const record = startRecord(runs, plan, noon);
    for (let at = 0; at < 100_000; at++) record.sink(reused('ü', at));
    record.close();
    expect(readRun(record.folder).events.map(({ at }) => at)).toEqual(Array.from({ length: 100_000 }, (_, at) => at));
  });

  it('is refused with a failure where runs/ is no folder', () => {
    writeFileSync(join(runs, 'trial'), '');
    try {
      startRecord(runs, plan, noon);
      expect.fail('it was written');
    } catch (error) {
      expect(error).toBeInstanceOf(FailureError);
      expect((error as FailureError).failures).toMatchObject([{ code: 'runs-not-writable' }]);
    }
  });

  it.skipIf(process.getuid?.() === 0)('is refused with a failure where runs/ is read-only', () => {
    chmodSync(runs, 0o555);
    expect(() => startRecord(runs, plan, noon)).toThrow('the run cannot be recorded');
    chmodSync(runs, 0o755);
  });
});

describe('past runs', () => {
  it('are listed from the oldest to the latest, other files left out', () => {
    const second = startRecord(runs, plan, noon + 1);
    const first = startRecord(runs, plan, noon);
    mkdirSync(join(runs, 'trial', 'notes'));
    writeFileSync(join(runs, 'trial', 'last.json'), '{}');
    for (const record of [first, second]) record.close();
    expect(listRuns(runs, 'trial')).toEqual([first.run, second.run]);
    expect(latestRun(runs, 'trial')).toBe(second.folder);
  });

  it('are none of a pipeline that never ran', () => {
    expect(listRuns(runs, 'other')).toEqual([]);
    expect(latestRun(runs, 'other')).toBeUndefined();
  });

  it('show the last state of every cell', () => {
    const at = noon;
    const failure = { code: 'x', message: 'y' };
    const events: readonly Event[] = [
      { type: 'run-started', run: 'r', pipeline: 'p', file: 'f', cells: 9, slots: 2, command: '', commit: null, at },
      reused('reused'),
      { type: 'stage-started', cell: 'running', key: 'k', attempt: 1, reason: '', at },
      { type: 'stage-progress', cell: 'running', progress: { done: 1, total: 2, unit: 'epochs' }, at },
      { type: 'stage-started', cell: 'finished', key: 'k', attempt: 1, reason: '', at },
      { type: 'stage-finished', cell: 'finished', key: 'k', seconds: 1, metrics: {}, at },
      { type: 'stage-retrying', cell: 'retrying', attempt: 2, delay: 1, failure, at },
      { type: 'stage-tainted', cell: 'tainted', key: 'k', changed: [], at },
      { type: 'stage-failed', cell: 'failed', key: 'k', failure, tail: [], at },
      { type: 'stage-skipped', cell: 'skipped', because: 'failed', at },
      { type: 'stage-interrupted', cell: 'interrupted', at },
    ];
    const statuses = cellStatuses(replayRun({ events }));
    expect([...statuses].map(([id, { state }]) => [id, state])).toEqual(
      ['reused', 'running', 'finished', 'retrying', 'tainted', 'failed', 'skipped', 'interrupted'].map((id) => [
        id,
        id,
      ]),
    );
    expect(statuses.get('running')?.event.type).toBe('stage-started');
  });
});

describe('the folder of a cell', () => {
  it('is its id where that is a safe file name', () => {
    expect(cellFolder('/r', 'student[teacher=teacher,kd_ratio=0.7,seed=0]')).toBe(
      '/r/stages/student[teacher=teacher,kd_ratio=0.7,seed=0]',
    );
  });

  it('is a readable beginning and a digest where it is not', () => {
    expect(cellFolder('/r', 'a[x="../../etc"]')).toMatch(/^\/r\/stages\/a-x=-?\.\.-\.\.-etc-+[0-9a-f]{10}$/);
    expect(cellFolder('/r', `a[${'x'.repeat(300)}]`)).toMatch(/^\/r\/stages\/a-x{58}-[0-9a-f]{10}$/);
    expect(cellFolder('/r', '..')).toMatch(/^\/r\/stages\/\.\.-[0-9a-f]{10}$/);
  });

  it('never leaves stages/, is never too long, and is different for different cells', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit: 'binary', maxLength: 200 }),
        (one, other) => {
          const name = cellFolder('/r', one).slice('/r/stages/'.length);
          expect(name).toMatch(/^[A-Za-z0-9_.=,[\]+-]{1,100}$/);
          expect(['.', '..']).not.toContain(name);
          expect(cellFolder('/r', one) === cellFolder('/r', other)).toBe(one === other);
        },
      ),
    );
  });
});
