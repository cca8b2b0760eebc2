import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pipelinesIn, recentRun } from '../../src/project/recent.ts';
import type { Plan } from '../../src/core/plan.ts';
import { startRecord } from '../../src/record/run-record.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-recent-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Records an empty run of a pipeline that began at a time. */
function record(name: string, start: number): string {
  const plan: Plan = { name, description: '', file: `${name}.yaml`, params: {}, cells: [], tables: [], plots: [] };
  const started = startRecord(folder, plan, start);
  started.close();
  return started.run;
}

describe('pipelines that ran here', () => {
  it('are the folders of runs/, without the store and loose files', () => {
    expect(pipelinesIn(join(folder, 'runs'))).toEqual([]);
    record('b', 0);
    record('a', 0);
    mkdirSync(join(folder, '.store'));
    writeFileSync(join(folder, 'notes.txt'), '');
    expect([...pipelinesIn(folder)].sort()).toEqual(['a', 'b']);
  });
});

describe('the recent run', () => {
  it('is the latest of all pipelines, of one pipeline, or the one that is named', () => {
    const old = record('a', Date.UTC(2026, 0, 2));
    const latest = record('b', Date.UTC(2026, 0, 3));
    const oldest = record('b', Date.UTC(2025, 11, 31));
    expect(recentRun(folder).run).toBe(latest);
    expect(recentRun(folder, 'a')).toMatchObject({ run: old, plan: { name: 'a' } });
    expect(recentRun(folder, 'b').run).toBe(latest);
    expect(recentRun(folder, oldest)).toMatchObject({ run: oldest, plan: { name: 'b' } });
  });

  it('is the latest whose record is whole; one that is named, or the only one, is refused where it is damaged', () => {
    const old = record('a', Date.UTC(2026, 0, 2));
    const latest = record('a', Date.UTC(2026, 0, 3));
    writeFileSync(join(folder, 'a', latest, 'plan.json'), '');
    expect(recentRun(folder)).toMatchObject({ run: old, damaged: [latest] });
    expect(recentRun(folder, 'a')).toMatchObject({ run: old, damaged: [latest] });
    expect(() => recentRun(folder, latest)).toThrow(`the plan that run ${latest} recorded is empty`);
    writeFileSync(join(folder, 'a', old, 'plan.json'), '');
    expect(() => recentRun(folder)).toThrow(`the plan that run ${latest} recorded is empty`);
  });

  it('is refused with the command that makes one, where there is none', () => {
    expect(() => recentRun(folder)).toThrow('nothing has been run here yet');
    record('a', 0);
    mkdirSync(join(folder, 'empty'));
    expect(() => recentRun(folder, 'empty')).toThrow('there is no run or pipeline called empty here');
  });
});
