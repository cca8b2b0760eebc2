import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestFile, syncToDisk } from '../../../src/store/files/digest-file.ts';
import { temporaryFolder } from '../stored.ts';

/** Bytes that differ from piece to piece. */
const bytesOf = (size: number) =>
  Buffer.from(Uint32Array.from({ length: size / 4 + 1 }, (_, at) => at).buffer, 0, size);

describe('digestFile', () => {
  it.each([0, 1, 2 ** 18, 2 ** 18 + 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 + 5])(
    'gives the SHA-256 of a file of %i bytes',
    async (size) => {
      const path = join(temporaryFolder(), 'file');
      const bytes = bytesOf(size);
      writeFileSync(path, bytes);
      expect(await digestFile(path, size)).toBe(createHash('sha256').update(bytes).digest('hex'));
    },
  );

  it('reads what is there, also where the size was another', async () => {
    const path = join(temporaryFolder(), 'file');
    const bytes = bytesOf(3_000_000);
    writeFileSync(path, bytes);
    const expected = createHash('sha256').update(bytes).digest('hex');
    expect(await digestFile(path, 0)).toBe(expected);
    expect(await digestFile(path, 2 ** 30)).toBe(expected);
  });

  it('rejects where there is no file', async () => {
    const path = join(temporaryFolder(), 'gone');
    await expect(digestFile(path, 0)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(digestFile(path, 2 ** 30)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('syncToDisk', () => {
  it('flushes files and folders', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'file'), 'x');
    await syncToDisk(join(folder, 'file'));
    await syncToDisk(join(folder, 'sub'));
  });

  it('rejects where there is nothing', async () => {
    await expect(syncToDisk(join(temporaryFolder(), 'gone'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
