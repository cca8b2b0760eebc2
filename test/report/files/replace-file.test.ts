import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openText, rewrite } from '../../../src/report/files/replace-file.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-file-'));
  path = join(folder, 'README.md');
  writeFileSync(path, 'old ± text\r\n');
});

/** Runs as a user whom permissions hold; root passes them all. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const [user, change] = [process.geteuid?.(), process.seteuid?.bind(process)];
  if (user !== 0 || !change) return work();
  change(65_534);
  try {
    return await work();
  } finally {
    change(0);
  }
}

describe('rewriting a file', () => {
  it('replaces its text and leaves nothing else behind', async () => {
    const opened = await openText(path, 'README.md', 'r+');
    expect(opened.text).toBe('old ± text\r\n');
    rewrite(opened, 'new ± text');
    expect(readFileSync(path, 'utf8')).toBe('new ± text');
    expect(readdirSync(folder)).toEqual(['README.md']);
  });

  it('keeps its mode, whatever the process masks', async () => {
    chmodSync(path, 0o666);
    const mask = process.umask(0o077);
    try {
      rewrite(await openText(path, 'README.md', 'r+'), 'new');
    } finally {
      process.umask(mask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o666);
    chmodSync(path, 0o755);
    rewrite(await openText(path, 'README.md', 'r+'), 'newer');
    expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('follows a symbolic link and leaves the link', async () => {
    const link = join(folder, 'LINK.md');
    symlinkSync('README.md', link);
    rewrite(await openText(link, 'LINK.md', 'r+'), 'through the link');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('through the link');
  });

  it('writes beside the file that a link names, not beside the link', async () => {
    mkdirSync(join(folder, 'links'));
    const link = join(folder, 'links', 'README.md');
    symlinkSync('../README.md', link);
    const opened = await openText(link, 'README.md', 'r+');
    expect(opened.path).toBe(path);
    rewrite(opened, 'new');
    expect(readdirSync(join(folder, 'links'))).toEqual(['README.md']);
  });
});

describe('a file that cannot be rewritten', () => {
  it.each([
    ['is missing', () => 'missing.md'],
    ['is a folder', () => (mkdirSync(join(folder, 'dir')), 'dir')],
    ['stands below a file', () => 'README.md/inside.md'],
    ['is a link to nothing', () => (symlinkSync('nothing', join(folder, 'dangling')), 'dangling')],
    ['is a link to itself', () => (symlinkSync('loop', join(folder, 'loop')), 'loop')],
    ['is no UTF-8', () => (writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0, 1])), 'binary')],
  ])('because it %s is a failure', async (_why, make) => {
    const name = make();
    await expect(openText(join(folder, name), name, 'r+')).rejects.toMatchObject({
      failures: [{ code: 'unwritable-file', place: { file: name } }],
    });
    await expect(openText(join(folder, name), name, 'r')).rejects.toMatchObject({
      failures: [{ code: 'unreadable-file', place: { file: name } }],
    });
  });

  it('because it is read-only is a failure, though a rename would replace it', async () => {
    chmodSync(folder, 0o777);
    chmodSync(path, 0o444);
    await asNobody(async () => {
      await expect(openText(path, 'README.md', 'r+')).rejects.toMatchObject({
        failures: [{ code: 'unwritable-file' }],
      });
      expect((await openText(path, 'README.md', 'r')).text).toBe('old ± text\r\n');
    });
  });

  it('because its folder is read-only keeps its old text', async () => {
    chmodSync(path, 0o666);
    chmodSync(folder, 0o555);
    await asNobody(async () => {
      const opened = await openText(path, 'README.md', 'r+');
      const failure: object = expect.objectContaining({ code: 'unwritable-file', place: { file: 'README.md' } });
      expect(() => rewrite(opened, 'new')).toThrow(expect.objectContaining({ failures: [failure] }));
    });
    expect(readFileSync(path, 'utf8')).toBe('old ± text\r\n');
    expect(readdirSync(folder)).toEqual(['README.md']);
  });
});
