import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

  it('gives the file the permissions that are asked for, whatever the process masks', () => {
    const file = join(temporaryFolder(), 'page');
    const mask = process.umask(0o077);
    try {
      writeWhole(file, 'text', { mode: 0o664, flush: true });
    } finally {
      process.umask(mask);
    }
    expect(statSync(file).mode & 0o777).toBe(0o664);
  });

  it('leaves nothing beside the file when it fails: here its name is too long', () => {
    const folder = temporaryFolder();
    expect(() => writeWhole(join(folder, 'x'.repeat(256)), 'text')).toThrow('ENAMETOOLONG');
    mkdirSync(join(folder, 'taken/inside'), { recursive: true });
    expect(() => writeWhole(join(folder, 'taken'), new Uint8Array(9))).toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  it('is one step: another process sees the old content or the new one', async () => {
    const file = join(temporaryFolder(), 'page');
    const contents = ['a', 'b'].map((letter) => letter.repeat(1 << 20));
    writeWhole(file, 'a'.repeat(1 << 20));
    const program = `const { readFileSync } = require('fs'); const seen = new Set();
      process.stdout.write('ready'); let on = true; process.stdin.on('end', () => (on = false)).resume();
      (function look() { const text = readFileSync(${JSON.stringify(file)}, 'utf8'); seen.add(text[0] + text.length);
        if (on) setImmediate(look); else console.log(' ' + [...seen].sort().join(' ')); })();`;
    const reader = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    reader.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await expect.poll(() => said, { timeout: 20_000 }).toBe('ready');
    for (let n = 0; n < 100; n++) writeWhole(file, contents[n % 2] ?? '');
    reader.stdin.end();
    await once(reader, 'close');
    const seen = said.replace('ready ', '').trim().split(' ');
    for (const one of seen) expect([`a${1 << 20}`, `b${1 << 20}`]).toContain(one);
  });
});
