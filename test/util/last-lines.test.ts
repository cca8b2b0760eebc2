import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastLines, tailOf } from '../../src/util/last-lines.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-lines-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (text: string) => {
  writeFileSync(join(folder, 'log'), text);
  return join(folder, 'log');
};

describe('lastLines', () => {
  it('are all lines of a short file, blank ones at the end left out', () => {
    expect(lastLines(fileOf('a\r\n\nb\n\n\n'))).toEqual(['a', '', 'b']);
    expect(lastLines(fileOf('no line end'))).toEqual(['no line end']);
  });

  it('are the last ones of a large file', () => {
    const lines = Array.from({ length: 100_000 }, (_, at) => `line ${at}`);
    expect(lastLines(fileOf(lines.join('\n')), 3)).toEqual(['line 99997', 'line 99998', 'line 99999']);
  });

  it('are none of an empty or a missing file', () => {
    expect(lastLines(fileOf(''))).toEqual([]);
    expect(lastLines(join(folder, 'none'))).toEqual([]);
  });
});

describe('tailOf', () => {
  it('takes the end of a text', () => {
    expect(tailOf('a\nb\nc\n', 2)).toEqual(['b', 'c']);
    expect(tailOf(' \n')).toEqual([]);
  });
});
