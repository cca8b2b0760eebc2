import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastResultsFile, readLastResults, writeLastResults } from '../../src/record/last-results.ts';

let runs: string;
let file: string;
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), 'kdpipe-last-'));
  file = lastResultsFile(runs, 'trial');
});
afterEach(() => rmSync(runs, { recursive: true }));

describe('last results', () => {
  it('are empty before the first run', () => {
    expect(readLastResults(file).size).toBe(0);
  });

  it.each([
    '',
    '{',
    '[]',
    '{"format":2,"cells":{}}',
    '{"format":1}',
    '{"format":1,"cells":{"a":7,"b":{"key":1},"c":{"key":"k","seconds":"1"}}}',
  ])('are empty when the file holds %j', (text) => {
    mkdirSync(dirname(file));
    writeFileSync(file, text);
    expect(readLastResults(file).size).toBe(0);
  });

  it('come back as they were written, and those of other cells stay', () => {
    writeLastResults(
      file,
      new Map([
        ['a', { key: 'k1', seconds: 2 }],
        ['b', { key: 'k2' }],
      ]),
    );
    writeLastResults(file, new Map([['b', { key: 'k3', seconds: 4 }]]));
    expect([...readLastResults(file)]).toEqual([
      ['a', { key: 'k1', seconds: 2 }],
      ['b', { key: 'k3', seconds: 4 }],
    ]);
    expect(readdirSync(dirname(file))).toEqual(['last.json']);
  });

  it('keep the seconds of a result that is only reused, and lose them with the result', () => {
    writeLastResults(file, new Map([['a', { key: 'k1', seconds: 2 }]]));
    writeLastResults(file, new Map([['a', { key: 'k1' }]]));
    expect(readLastResults(file).get('a')).toEqual({ key: 'k1', seconds: 2 });
    writeLastResults(file, new Map([['a', { key: 'k2' }]]));
    expect(readLastResults(file).get('a')).toEqual({ key: 'k2' });
  });

  it('are not written again when nothing changed', () => {
    writeLastResults(file, new Map([['a', { key: 'k1', seconds: 2 }]]));
    const before = statSync(file, { bigint: true });
    writeLastResults(file, new Map([['a', { key: 'k1' }]]));
    const after = statSync(file, { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    expect(readFileSync(file, 'utf8')).toBe('{"format":1,"cells":{"a":{"key":"k1","seconds":2}}}\n');
  });
});
