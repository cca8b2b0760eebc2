import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Disk, obstacle } from './disk.ts';

it('a copy of a disk has what was flushed, and of the rest no content', async (context) => {
  const reason = await obstacle();
  if (reason !== undefined) context.skip(reason);
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-disk-'));
  const disk = new Disk(join(folder, 'disk'), join(folder, 'before'));
  const copy = new Disk(join(folder, 'copy'), join(folder, 'after'));
  onTestFinished(async () => {
    for (const one of [disk, copy]) await one.unmount();
    rmSync(folder, { recursive: true });
  });
  disk.format();
  disk.mount('data=ordered,commit=300');
  writeFileSync(join(disk.folder, 'early'), 'held back');
  const file = openSync(join(disk.folder, 'kept'), 'w');
  writeFileSync(file, 'flushed');
  fsyncSync(file);
  closeSync(file);
  writeFileSync(join(disk.folder, 'late'), 'held back');
  disk.copyTo(copy.image);
  copy.recover();
  copy.mount('data=ordered');
  expect(readFileSync(join(copy.folder, 'kept'), 'utf8')).toBe('flushed');
  // Its name went with the flush of the other: the lock of nobody.
  expect(readFileSync(join(copy.folder, 'early'), 'utf8')).toBe('');
  expect(existsSync(join(copy.folder, 'late'))).toBe(false);
});
