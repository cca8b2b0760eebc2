import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryPath, isKey, parts } from '../../src/store/layout.ts';
import { statIfPresent } from '../../src/store/files/stat-if-present.ts';
import { keyOf, temporaryFolder } from './stored.ts';

describe('a key', () => {
  const key = keyOf('student');

  it('is told from every other name in a store', () => {
    expect(isKey(key)).toBe(true);
    const others = [key.slice(1), `${key}0`, key.toUpperCase(), `${key.slice(1)}g`, ` ${key}`, `${key}\n`, ''];
    for (const name of [...others, ...Object.values(parts)]) expect(isKey(name), name).toBe(false);
  });

  it('has its entry in the folder of its first two digits', () => {
    expect(entryPath('/store', key)).toBe(`/store/${key.slice(0, 2)}/${key}`);
  });
});

describe('statIfPresent', () => {
  it('sees files and folders, through links too', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '12345');
    symlinkSync('file', join(folder, 'link'));
    expect(statIfPresent(join(folder, 'link'))?.size).toBe(5);
    expect(statIfPresent(folder)?.isDirectory()).toBe(true);
  });

  it('sees nothing where nothing is: no file, a file in place of a folder, a link that leads nowhere', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('nowhere', join(folder, 'link'));
    for (const path of ['sub/none', 'none/none', 'file/none', 'link'])
      expect(statIfPresent(join(folder, path)), path).toBeUndefined();
  });

  it('passes on what the system says of a path that it cannot look at', () => {
    expect(() => statIfPresent(join(temporaryFolder(), 'x'.repeat(300)))).toThrow('ENAMETOOLONG');
  });
});
