import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { growFile } from '../../src/util/grow-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-grow-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('appends what is new to the same file, and replaces one that holds something else', () => {
  const file = join(folder, 'deep', 'file');
  const inode = (): number => statSync(file).ino;
  expect(growFile(file, Buffer.from('ab'))).toBe(true);
  const first = inode();
  expect(growFile(file, Buffer.from('ab'))).toBe(false);
  expect(growFile(file, Buffer.from('abcd'))).toBe(true);
  expect([readFileSync(file, 'utf8'), inode()]).toEqual(['abcd', first]);
  expect(growFile(file, Buffer.from('abX'))).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe('abX');
  expect(inode()).not.toBe(first);
});
