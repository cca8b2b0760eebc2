import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { measureDisk } from '../../../src/cli/doctor/disk.ts';
import { fileSystemOf } from '../../../src/cli/doctor/file-system.ts';

const mounts = [
  '22 27 0:21 / /proc rw,relatime - proc proc rw',
  '27 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw,discard',
  '30 27 0:50 / /home rw - nfs4 server:/home rw,vers=4.2',
  '31 30 0:51 / /home/me/my\\040data rw master:3 - fuse.sshfs me@far: rw',
  '32 27 0:52 / /work rw - ext4 /dev/sdb rw',
  '33 27 0:53 / /work rw - tmpfs tmpfs rw',
].join('\n');

it.each([
  ['/usr/lib', { type: 'ext4', isShared: false }],
  ['/home/you', { type: 'nfs4', isShared: true }],
  ['/home/me/my data/runs', { type: 'fuse.sshfs', isShared: true }],
  ['/home/me/my', { type: 'nfs4', isShared: true }],
  // What was mounted last hides what is below it; names that only begin alike are other folders.
  ['/work', { type: 'tmpfs', isShared: false }],
  ['/workshop', { type: 'ext4', isShared: false }],
])('finds the file system of %s', (path, found) => {
  expect(fileSystemOf(mounts, path)).toEqual(found);
  expect(fileSystemOf('', path)).toBeUndefined();
});

it('measures a disk, and leaves nothing there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-disk-'));
  try {
    const found = measureDisk(folder);
    expect(found?.written).toBeGreaterThan(0);
    expect(found?.commit).toBeGreaterThan(0);
    expect(Math.abs(found?.ahead ?? NaN)).toBeLessThan(2);
    expect(readdirSync(folder)).toEqual([]);
    expect(measureDisk(join(folder, 'gone'))).toBeNull();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
