import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRecord } from '../../src/record/run-record.ts';
import { sweepRecords } from '../../src/record/sweep-records.ts';
import { temporaryPath } from '../../src/util/temporary-file.ts';
import { cell, planOf } from '../scheduler/fakes.ts';

let runs: string;
beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'kdpipe-records-'))));
afterEach(() => rmSync(runs, { recursive: true, force: true }));

const day = 24 * 3600 * 1000;
const noon = Date.UTC(2026, 10, 24, 12);
const recordOf = (start: number): string => {
  const record = startRecord(runs, planOf([cell('a')]), start);
  record.close();
  return record.folder;
};
/** A file that a process which is gone has left half written. */
const halfWritten = (file: string): string => {
  const path = temporaryPath(file).replace(`.${process.pid}-`, `.${2 ** 22 + 1}-`);
  writeFileSync(path, 'half');
  return path;
};

describe('sweeping the records of a pipeline', () => {
  it('takes the files that killed runs have left half written in any of them, and nothing else', () => {
    const folders = [noon, noon + 1].map(recordOf);
    const before = folders.map((folder) => readdirSync(folder).sort());
    const left = folders.flatMap((folder) => [
      halfWritten(join(folder, 'plan.json')),
      halfWritten(join(folder, 'report.md')),
    ]);
    left.push(halfWritten(join(runs, 'trial/last.json')));
    const living = temporaryPath(join(runs, 'trial/last.json'));
    writeFileSync(living, 'half');
    sweepRecords(runs, 'trial', noon + 10 * day);
    expect(left.filter((path) => existsSync(path))).toEqual([]);
    expect(existsSync(living)).toBe(true);
    expect(folders.map((folder) => readdirSync(folder).sort())).toEqual(before);
  });

  it('takes records that never came to be, once nobody can be about to write them', () => {
    const [empty, half, some, logged] = [noon, noon + 1, noon + 2, noon + 3].map(recordOf) as [
      string,
      string,
      string,
      string,
    ];
    for (const folder of [empty, half, some, logged]) rmSync(join(folder, 'plan.json'));
    for (const folder of [empty, half, logged]) rmSync(join(folder, 'events.ndjson'));
    halfWritten(join(half, 'plan.json'));
    mkdirSync(join(logged, 'stages/a'));
    sweepRecords(runs, 'trial', noon + day / 2);
    expect(readdirSync(join(runs, 'trial'))).toHaveLength(4);
    sweepRecords(runs, 'trial', noon + 2 * day);
    expect(readdirSync(join(runs, 'trial'))).toEqual([some, logged].map((folder) => basename(folder)));
  });

  it('says nothing of a pipeline without any', () => {
    sweepRecords(runs, 'none', noon);
    expect(readdirSync(runs)).toEqual([]);
  });
});
