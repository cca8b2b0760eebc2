import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isListedFolder, listFolder, walkFolder, type LinkRule } from '../../../src/store/files/list-folder.ts';
import { failureOf, temporaryFolder, writeFiles } from '../stored.ts';

const pathsOf = (folder: string, rule: LinkRule = 'closed') =>
  listFolder(folder, rule)
    .files.map(({ path }) => path)
    .sort();

const refusal = async (folder: string, rule: LinkRule = 'closed') =>
  (await failureOf(() => listFolder(folder, rule)))?.code;

describe('listFolder', () => {
  it('lists files with their sizes, and folders after their parents', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { a: '1', 'b/c/d': '22', 'b/ä e': '' });
    mkdirSync(join(folder, 'empty'));
    const { files, folders, emptyFolders } = listFolder(folder, 'closed');
    expect(Object.fromEntries(files.map(({ path, stats }) => [path, stats.size]))).toEqual({
      a: 1,
      'b/c/d': 2,
      'b/ä e': 0,
    });
    expect(folders.toSorted()).toEqual(['', 'b', 'b/c', 'empty']);
    expect(folders.indexOf('b')).toBeLessThan(folders.indexOf('b/c'));
    expect(folders[0]).toBe('');
    expect(emptyFolders).toEqual(['empty']);
  });

  it('is sorted by whole paths, through folders, links to folders and names that go on where those of folders end', () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      'a.txt': '',
      'a/z': '',
      'a-b/c': '',
      'a/b/c': '',
      'a/b.c': '',
      ä: '',
      '𝒳/y': '',
      ﬁ: '',
      a0: '',
    });
    symlinkSync('a', join(folder, 'a+'));
    mkdirSync(join(folder, 'a/b-'));
    const paths = Array.from(walkFolder(folder, 'open'), (item) =>
      isListedFolder(item) ? `${item.path}/` : item.path,
    );
    expect(paths.slice(1)).toEqual(paths.slice(1).toSorted());
    expect(paths).toHaveLength(21);
  });

  it('follows relative links between files and folders', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'steps/10/weights': 'abc' });
    symlinkSync('steps/10', join(folder, 'latest'));
    symlinkSync('latest/weights', join(folder, 'best'));
    expect(pathsOf(folder)).toEqual(['best', 'latest/weights', 'steps/10/weights']);
    expect(listFolder(folder, 'closed').files.every(({ stats }) => stats.size === 3)).toBe(true);
  });

  it('refuses links that leave a closed folder, and absolute ones, which would break when it is moved', async () => {
    const outside = temporaryFolder();
    writeFiles(outside, { file: 'x' });
    for (const target of [join(outside, 'file'), outside, '..', '../../..']) {
      const folder = temporaryFolder();
      symlinkSync(target, join(folder, 'link'));
      expect(await refusal(folder)).toBe('link-outside');
    }
    const folder = temporaryFolder();
    writeFiles(folder, { file: 'x' });
    symlinkSync(join(folder, 'file'), join(folder, 'link'));
    expect(await refusal(folder)).toBe('link-outside');
  });

  it('does not take a folder whose name only begins alike for the same one', async () => {
    const parent = temporaryFolder();
    writeFiles(parent, { 'a/x': '', 'ab/secret': '' });
    symlinkSync('../ab/secret', join(parent, 'a/link'));
    expect(await refusal(join(parent, 'a'))).toBe('link-outside');
  });

  it('follows links out of an open folder', () => {
    const [folder, images] = [temporaryFolder(), temporaryFolder()];
    writeFiles(images, { 'cats/1.png': '' });
    symlinkSync(images, join(folder, 'images'));
    expect(pathsOf(folder, 'open')).toEqual(['images/cats/1.png']);
  });

  it('refuses links in which it would walk for ever', async () => {
    const own = temporaryFolder();
    symlinkSync('.', join(own, 'self'));
    expect(await refusal(own)).toBe('link-loop');
    const mutual = temporaryFolder();
    writeFiles(mutual, { 'a/1': '', 'b/2': '' });
    symlinkSync('../b', join(mutual, 'a/to-b'));
    symlinkSync('../a', join(mutual, 'b/to-a'));
    expect(await refusal(mutual)).toBe('link-loop');
    expect(await refusal(mutual, 'open')).toBe('link-loop');
  });

  it('refuses links that lead nowhere', async () => {
    for (const target of ['gone', 'link', 'file/below']) {
      const folder = temporaryFolder();
      writeFiles(folder, { file: '' });
      symlinkSync(target, join(folder, 'link'));
      expect(await refusal(folder)).toBe('broken-link');
      expect(await refusal(folder, 'open')).toBe('broken-link');
    }
  });

  it('refuses pipes, which would never end', async () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await refusal(folder)).toBe('special-file');
  });

  it('throws where there is no folder', () => {
    expect(() => listFolder(join(temporaryFolder(), 'gone'), 'open')).toThrow('ENOENT');
  });
});
