import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replaceInFile } from '../../src/util/rewrite-file.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-rewrite-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('replaces texts wherever chunks end, and keeps every other byte', () => {
  const file = join(folder, 'log');
  const chunk = 1 << 20;
  for (const at of [0, chunk - 9, chunk - 3, chunk - 1, chunk, 2 * chunk - 5]) {
    const bytes = Buffer.alloc(2 * chunk + 50, 0xfe);
    const whole = Buffer.concat([bytes.subarray(0, at), Buffer.from('sécret-1'), bytes.subarray(at)]);
    writeFileSync(file, whole);
    replaceInFile(file, ['sécret-1'], '***');
    expect(
      readFileSync(file).equals(Buffer.concat([bytes.subarray(0, at), Buffer.from('***'), bytes.subarray(at)])),
    ).toBe(true);
  }
});

it('leaves a file that holds none of them as it is', () => {
  const file = join(folder, 'log');
  writeFileSync(file, 'nothing here');
  const { ino } = statSync(file);
  replaceInFile(file, ['secret'], '***');
  expect([readFileSync(file, 'utf8'), statSync(file).ino, readdirSync(folder)]).toEqual(['nothing here', ino, ['log']]);
});
