import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withParent, writeWhole } from '../../src/util/write-whole.ts';
import { temporaryFolder } from '../store/stored.ts';

describe('withParent', () => {
  it('makes the folders above a path when the action finds them missing', () => {
    const path = join(temporaryFolder(), 'a/b/c');
    expect(
      withParent(path, () => {
        writeFileSync(path, '');
        return 'written';
      }),
    ).toBe('written');
    expect(existsSync(path)).toBe(true);
  });

  it('makes nothing when the action works, or fails for another reason', () => {
    const path = join(temporaryFolder(), 'a/b');
    expect(withParent(path, () => 1)).toBe(1);
    const busy = Object.assign(new Error('busy'), { code: 'EBUSY' });
    let tries = 0;
    const refuse = () => {
      tries += 1;
      throw busy;
    };
    expect(() => withParent(path, refuse)).toThrow(busy);
    expect(tries).toBe(1);
    expect(existsSync(join(path, '..'))).toBe(false);
  });

  it('tries once more and no oftener: what is still missing then is the caller’s', () => {
    let tries = 0;
    const never = () => {
      tries += 1;
      throw Object.assign(new Error('missing'), { code: 'ENOENT' });
    };
    expect(() => withParent(join(temporaryFolder(), 'a'), never)).toThrow('missing');
    expect(tries).toBe(2);
  });
});

describe('writeWhole', () => {
  it('makes a file and its folders, replaces it, and leaves nothing else', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'a/b/notes');
    writeWhole(file, 'first, and longer');
    writeWhole(file, 'second');
    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['notes']);
  });

  it('leaves what is there when it cannot replace it', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken/inside'), '');
    expect(() => writeWhole(join(folder, 'taken'), 'text')).toThrow();
    expect(readdirSync(join(folder, 'taken'))).toEqual(['inside']);
  });
});
