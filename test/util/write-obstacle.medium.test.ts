import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeObstacle } from '../../src/util/write-obstacle.ts';
import { temporaryFolder } from '../store/stored.ts';

const systemError = (code: string) => Object.assign(new Error(code), { code });

describe('what stands in the way of a file', () => {
  it('is what the system said, unless it said that something is missing', () => {
    for (const error of [systemError('ENOSPC'), systemError('EACCES'), new Error('bug')])
      expect(writeObstacle('/nowhere/at/all', error)).toBe(error);
  });

  it('is what the system said where the nearest folder can be written', () => {
    const error = systemError('ENOENT');
    expect(writeObstacle(join(temporaryFolder(), 'a/b/c'), error)).toBe(error);
  });

  it('is the read-only disk of the nearest folder, which Node’s mkdir calls ENOENT', (context) => {
    const disk = join(temporaryFolder(), 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', disk], { encoding: 'utf8' });
    if (mounted.status !== 0) context.skip(`cannot mount a disk here: ${mounted.stderr || String(mounted.error)}`);
    onTestFinished(() => void execFileSync('umount', ['-l', disk]));
    mkdirSync(join(disk, 'there'));
    writeFileSync(join(disk, 'there/file'), '');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect(writeObstacle(join(disk, 'there/a/b'), systemError('ENOENT'))).toMatchObject({ code: 'EROFS' });
  });
});
